// Feeds a parser the same bytes whole and one byte a call, each time from a buffer of its own, and insists on the same
// outcome: what a request means must not depend on how the network cut it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "common/http/head_parser.h"

namespace tandem::http {

// The bytes in a fresh allocation of exact size, so that sanitizers see every read beyond them.
class Exact {
 public:
  explicit Exact(std::string_view text) : size_(text.size()), bytes_(new char[text.size() + (text.empty() ? 1 : 0)]) {
    text.copy(bytes_.get(), text.size());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

template <class Parser, class Head>
ParseResult feed_bytewise(Parser& parser, std::string_view bytes, Head& head, std::vector<Exact>& keep) {
  ParseResult result;
  for (std::size_t size = 0; size <= bytes.size() && result.need_more(); ++size) {
    keep.clear();
    keep.emplace_back(bytes.substr(0, size));
    result = parser.feed(keep.back().view(), head);
  }
  return result;
}

struct Parsed {
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  ParseResult result;
  std::vector<Exact> bytes;
};

inline Parsed parse_request(std::string_view text, HeadLimits limits = {}) {
  Parsed whole, pieces;
  RequestParser parser(limits);
  whole.bytes.emplace_back(text);
  whole.result = parser.feed(whole.bytes.back().view(), *whole.head);
  parser.reset();
  pieces.result = feed_bytewise(parser, text, *pieces.head, pieces.bytes);
  CHECK(whole.result.state == pieces.result.state);
  CHECK(whole.result.head_length == pieces.result.head_length);
  CHECK(whole.result.error == pieces.result.error);
  if (whole.result.complete() && pieces.result.complete()) {
    REQUIRE(whole.head->fields.size() == pieces.head->fields.size());
    for (std::size_t i = 0; i < whole.head->fields.size(); ++i) {
      CHECK(whole.head->fields[i].name == pieces.head->fields[i].name);
      CHECK(whole.head->fields[i].value == pieces.head->fields[i].value);
    }
    CHECK(whole.head->target == pieces.head->target);
    CHECK(whole.head->host == pieces.head->host);
    CHECK(whole.head->framing == pieces.head->framing);
  }
  return pieces;
}

struct ParsedResponse {
  std::unique_ptr<ResponseHead> head = std::make_unique<ResponseHead>();
  ParseResult result;
  std::vector<Exact> bytes;
};

inline ParsedResponse parse_response(std::string_view text, Method request = Method::get, HeadLimits limits = {}) {
  ParsedResponse whole, pieces;
  ResponseParser parser(limits);
  parser.reset(request);
  whole.bytes.emplace_back(text);
  whole.result = parser.feed(whole.bytes.back().view(), *whole.head);
  parser.reset(request);
  pieces.result = feed_bytewise(parser, text, *pieces.head, pieces.bytes);
  CHECK(whole.result.state == pieces.result.state);
  CHECK(whole.result.head_length == pieces.result.head_length);
  CHECK(whole.result.error == pieces.result.error);
  CHECK(whole.head->framing == pieces.head->framing);
  return pieces;
}

}  // namespace tandem::http
