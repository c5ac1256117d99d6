// Response heads: the outcome must not depend on how the bytes were cut, and an accepted head has framing that follows
// from its status. The first byte chooses the cuts and whether the request was a HEAD.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/head_parser.h"
#include "tests/fuzz/require.h"

using namespace tandem::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Method request = data[0] & 0x80 ? Method::head : Method::get;
  ResponseHead whole, pieces;
  ResponseParser parser;
  parser.reset(request);
  const ParseResult first = parser.feed(bytes, whole);
  parser.reset(request);
  ParseResult second;
  std::string keep;
  for (std::size_t end = 0; second.need_more(); end += 1 + data[0] % 8) {
    const std::size_t now = std::min(end, bytes.size());
    keep = std::string(bytes.substr(0, now));
    second = parser.feed(keep, pieces);
    if (now == bytes.size()) break;
  }
  require(first.state == second.state && first.head_length == second.head_length && first.error == second.error);
  if (!first.complete()) return 0;
  require(whole.status >= 100 && whole.status < 600 && whole.framing == pieces.framing);
  require(whole.fields.size() == pieces.fields.size() && whole.reason == pieces.reason);
  const bool bodiless = request == Method::head || whole.status < 200 || whole.status == 204 || whole.status == 304;
  require(!bodiless || whole.framing == BodyFraming::none());
  return 0;
}
