#include "gateway/filters/encoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <doctest/doctest.h>

using namespace tandem::gateway;

namespace {

constexpr Encoding kAll[] = {Encoding::gzip, Encoding::br, Encoding::zstd};

// What a decoder can read of an unfinished stream.
std::string gunzip(std::string_view in) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string unbrotli(std::string_view in) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  std::string out(1 << 20, '\0');
  std::size_t in_left = in.size(), out_left = out.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
  auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
  BrotliDecoderDecompressStream(state, &in_left, &next_in, &out_left, &next_out, nullptr);
  BrotliDecoderDestroyInstance(state);
  out.resize(out.size() - out_left);
  return out;
}

std::string unzstd(std::string_view in) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string out(1 << 20, '\0');
  ZSTD_inBuffer input = {in.data(), in.size(), 0};
  ZSTD_outBuffer output = {out.data(), out.size(), 0};
  while (input.pos < input.size) REQUIRE(!ZSTD_isError(ZSTD_decompressStream(context, &output, &input)));
  ZSTD_freeDCtx(context);
  out.resize(output.pos);
  return out;
}

std::string decoded(Encoding encoding, std::string_view in) {
  if (encoding == Encoding::gzip) return gunzip(in);
  return encoding == Encoding::br ? unbrotli(in) : unzstd(in);
}

std::string text_of(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("encoder: what goes in comes out again, whatever the pieces and the shape") {
  for (const Encoding encoding : kAll) {
    for (const std::size_t size : {0UZ, 1UZ, 700UZ, 65'536UZ, 300'001UZ}) {
      const std::string text = text_of(size);
      for (const BodyShape& shape : {BodyShape{.length = size}, BodyShape{}, BodyShape{.length = {}, .events = true}}) {
        for (const std::size_t piece : {7919UZ, 1UZ << 20}) {
          auto encoder = make_encoder(encoding, shape);
          REQUIRE(encoder);
          std::string out;
          for (std::size_t at = 0; at < size; at += piece) {
            REQUIRE(encoder->encode(std::string_view(text).substr(at, piece), Encoder::Then::go_on, out));
          }
          REQUIRE(encoder->encode({}, Encoder::Then::finish, out));
          CHECK(decoded(encoding, out) == text);
          if (size > 1000) CHECK(out.size() < size / 2);
        }
      }
    }
  }
}

TEST_CASE("encoder: after a flush everything before it can be read") {
  for (const Encoding encoding : kAll) {
    auto encoder = make_encoder(encoding, {.length = {}, .events = true});
    REQUIRE(encoder);
    std::string out, sent;
    for (int i = 0; i < 50; ++i) {
      const std::string event = "data: event " + std::to_string(i) + "\n\n";
      sent += event;
      REQUIRE(encoder->encode(event, Encoder::Then::go_on, out));
      REQUIRE(encoder->encode({}, Encoder::Then::flush, out));
      CHECK(decoded(encoding, out) == sent);
    }
    REQUIRE(encoder->encode({}, Encoder::Then::finish, out));
    CHECK(decoded(encoding, out) == sent);
  }
}
