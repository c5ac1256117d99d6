#include "common/http/body_decoder.h"

#include <string>

#include <doctest/doctest.h>

using namespace std::literals;
using namespace tandem::http;

namespace {

struct Decoded {
  std::string body;
  std::string left;  // not consumed: the next message's
  bool done = false;
  HttpError error{0, {}, {}};
  bool operator==(const Decoded&) const = default;
};

// `piece` bytes at a time, each piece in its own allocation.
Decoded decode(std::string_view bytes, BodyFraming framing, std::size_t piece, std::uint64_t max_body,
               BodyDecoder::Of of) {
  Decoded out;
  BodyDecoder decoder(of, framing, max_body);
  while (!bytes.empty() && !decoder.done() && !decoder.error()) {
    const std::string own(bytes.substr(0, piece));
    std::string_view in = own;
    while (!in.empty() && !decoder.done() && !decoder.error()) {
      const BodyStep step = decoder.next(in);
      out.body += step.data;
      in.remove_prefix(step.consumed);
    }
    bytes.remove_prefix(own.size() - in.size());
    if (!in.empty()) break;
  }
  out.left = bytes;
  out.done = decoder.done();
  if (decoder.error()) out.error = *decoder.error();
  if (decoder.error()) out.left.clear();
  CHECK(decoder.received() == out.body.size());
  return out;
}

Decoded decode(std::string_view bytes, BodyFraming framing = BodyFraming::chunked(),
               std::uint64_t max_body = BodyDecoder::kUnlimited, BodyDecoder::Of of = BodyDecoder::Of::request) {
  const Decoded whole = decode(bytes, framing, bytes.size() + 1, max_body, of);
  for (const std::size_t piece : {1, 3, 7}) {
    const Decoded pieces = decode(bytes, framing, piece, max_body, of);
    CHECK(pieces.done == whole.done);
    CHECK(pieces.error == whole.error);
    CHECK(pieces.left == whole.left);
    if (!whole.error.status) CHECK(pieces.body == whole.body);
  }
  return whole;
}

std::string chunks(std::size_t count, std::string_view chunk) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += chunk;
  return out;
}

}  // namespace

TEST_CASE("body: chunks are joined, extensions and trailers dropped, and what follows is left") {
  const auto plain = decode("5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\nGET /");
  CHECK(plain.body == "hello world");
  CHECK(plain.done);
  CHECK(plain.left == "GET /");
  CHECK(decode("A; x = \"q;\\\"uo\\\\ted\" ;y\r\n0123456789\r\n000\r\nHost: evil\r\nAuthorization: x\r\n\r\n").body ==
        "0123456789");
  CHECK(decode("1;a=b;c=d\r\nx\r\n0;end\r\nX: \xe9 y\r\nEmpty:\r\n\r\n").done);
  CHECK(decode("0\r\n\r\n").done);
  CHECK_FALSE(decode("5\r\nhello\r\n0\r\n").done);
}

TEST_CASE("body threats: chunk sizes, ends and extensions in disguise are refused") {
  for (const std::string& bytes : {
           "5\rXhelloYY0\r\n\rZ"s,
           "5\r\nhelloYY0\r\n\r\n"s,
           "0x5\r\nhello\r\n"s,
           "+5\r\nhello\r\n"s,
           "-0\r\n\r\n"s,
           "0_5\r\nhello\r\n"s,
           " 5\r\nhello\r\n"s,
           "5 \r\nhello\r\n"s,
           "5\t\r\nhello\r\n"s,
           "\r\nhello\r\n"s,
           ";a=b\r\nhello\r\n"s,
           "5\nhello\r\n"s,
           "2;\nxx\r\n"s,
           "2;a=\"\r\n\"\r\nxx\r\n"s,
           "2;a=\"\n\"\r\nxx\r\n"s,
           "2;a=\"\r\nxx\r\n0\r\n\r\n"s,
           "2;\r\nxx\r\n"s,
           "2;a=\r\nxx\r\n"s,
           "2;=b\r\nxx\r\n"s,
           "2;a b\r\nxx\r\n"s,
           "5\r\nhello\n0\r\n\r\n"s,
           "5\r\nhello\r0\r\n\r\n"s,
           "5\r\nhello0\r\n\r\n"s,
           "0\r\n\n"s,
           "0\n\r\n"s,
           "0\r\nX: a\n\r\n"s,
           "0\r\nX: a\r\n b\r\n\r\n"s,
           "0\r\nX: a\r\n\tb\r\n\r\n"s,
           "0\r\n: v\r\n\r\n"s,
           "0\r\nX y: v\r\n\r\n"s,
           "0\r\nX : v\r\n\r\n"s,
           "0\r\nX\r\n\r\n"s,
           "0\r\nX: a\0b\r\n\r\n"s,
           "0\r\nX: a\rb\r\n\r\n"s,
           "2;a=\0\r\nxx\r\n"s,
           "g\r\n"s,
           "ffffffffffffffff\r\n"s,
           "8000000000000000\r\n"s,
           "00000000000000005\r\nhello\r\n"s,
           "5;a=\x01\r\nhello\r\n"s,
       }) {
    INFO(bytes);
    const auto result = decode(bytes);
    CHECK(result.error.status == 400);
    CHECK(!result.error.detail.empty());
    CHECK_FALSE(result.done);
    CHECK(decode(bytes, BodyFraming::chunked(), BodyDecoder::kUnlimited, BodyDecoder::Of::response).error.status ==
          502);
  }
}

TEST_CASE("body threats: extensions, padded sizes, trailers and tiny chunks are bounded") {
  CHECK(decode("5;a=" + std::string(17 * 1024, 'x') + "\r\nhello\r\n0\r\n\r\n").error.status == 400);
  CHECK(decode("5;a=" + std::string(15 * 1024, 'x') + "\r\nhello\r\n0\r\n\r\n").done);
  CHECK(decode(chunks(2000, "0000000000000040\r\n" + std::string(64, 'x') + "\r\n")).error.status == 400);
  CHECK(decode("0\r\nX: " + std::string(9 * 1024, 'x') + "\r\n\r\n").error.status == 400);
  CHECK(decode("0\r\n" + chunks(2000, "X: y\r\n") + "\r\n").error.status == 400);
  CHECK(decode(chunks(12000, "1\r\nx\r\n")).error.status == 400);
  CHECK(decode(chunks(8000, "10\r\n0123456789abcdef\r\n") + "0\r\n\r\n").done);
  CHECK(decode(chunks(12000, "1\r\nx\r\n") + "0\r\n\r\n", BodyFraming::chunked(), BodyDecoder::kUnlimited,
               BodyDecoder::Of::response)
            .done);
}

TEST_CASE("body: larger than allowed is refused when announced, whatever its framing") {
  CHECK(decode("hello", BodyFraming::of_length(5), 4).error.status == 413);
  CHECK(decode("hello", BodyFraming::of_length(5), 5).done);
  const auto chunked = decode("3\r\nabc\r\n7fffffffffffffff\r\nx", BodyFraming::chunked(), 4);
  CHECK(chunked.error.status == 413);
  CHECK(chunked.error.reason == "body_too_large");
  CHECK(chunked.body == "abc");
  CHECK(decode("4\r\nabcd\r\n0\r\n\r\n", BodyFraming::chunked(), 4).done);
  CHECK(decode("5\r\nabcde\r\n0\r\n\r\n", BodyFraming::chunked(), 4).error.status == 413);
  CHECK(decode("hello", BodyFraming::until_close(), 4).error.status == 413);
}

TEST_CASE("body: a length ends it to the byte, none and zero are done at once") {
  const auto counted = decode("helloGET /", BodyFraming::of_length(5));
  CHECK(counted.body == "hello");
  CHECK(counted.left == "GET /");
  CHECK(decode("GET /", BodyFraming::none()).left == "GET /");
  CHECK(BodyDecoder(BodyDecoder::Of::response, BodyFraming::of_length(0)).done());
  BodyDecoder decoder(BodyDecoder::Of::request, BodyFraming::of_length(5));
  decoder.next("abc");
  CHECK(decoder.remaining() == 2);
}

TEST_CASE("body: what has gone past unseen counts like what was looked at") {
  BodyDecoder decoder(BodyDecoder::Of::response, {BodyFraming::Kind::length, 10});
  CHECK(decoder.next("abc").data == "abc");
  decoder.skip(6);
  CHECK(decoder.remaining() == 1);
  CHECK(!decoder.done());
  CHECK(decoder.next("xNEXT").consumed == 1);
  CHECK(decoder.done());
  BodyDecoder skipped(BodyDecoder::Of::response, {BodyFraming::Kind::length, 10});
  skipped.skip(10);
  CHECK(skipped.done());
  CHECK(skipped.received() == 10);
}

TEST_CASE("body: an end that comes too early is an error, except where the end is the framing") {
  const auto cut = [](BodyFraming framing, std::string_view bytes) {
    BodyDecoder decoder(BodyDecoder::Of::response, framing);
    while (!bytes.empty() && !decoder.done()) bytes.remove_prefix(decoder.next(bytes).consumed);
    return !decoder.finish();
  };
  CHECK(cut(BodyFraming::of_length(5), "hell"));
  CHECK_FALSE(cut(BodyFraming::of_length(5), "hello"));
  CHECK(cut(BodyFraming::chunked(), "5\r\nhello\r\n"));
  CHECK(cut(BodyFraming::chunked(), "5\r\nhello\r\n0\r\n"));
  CHECK_FALSE(cut(BodyFraming::chunked(), "5\r\nhello\r\n0\r\n\r\n"));
  CHECK_FALSE(cut(BodyFraming::until_close(), "hell"));
  CHECK_FALSE(cut(BodyFraming::none(), ""));
}

TEST_CASE("body: what the encoder writes, the decoder reads") {
  CHECK(ChunkHead(1).text() == "1\r\n");
  CHECK(ChunkHead(0x1f4).text() == "1f4\r\n");
  CHECK(ChunkHead(0x7fffffffffffffff).text() == "7fffffffffffffff\r\n");
  std::string wire;
  for (const std::string_view part : {"hello"sv, " "sv, "a longer piece of text"sv}) {
    wire.append(ChunkHead(part.size()).text()).append(part).append(kChunkEnd);
  }
  CHECK(decode(wire.append(kLastChunk)).body == "hello a longer piece of text");
}
