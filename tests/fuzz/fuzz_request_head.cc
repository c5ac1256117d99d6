// Request heads: whatever comes, the outcome must not depend on how it was cut, and an accepted head must say one thing
// only, which survives being written and read again. The first byte chooses the cuts.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/head_parser.h"
#include "common/http/path.h"
#include "common/http/write_head.h"
#include "tests/fuzz/require.h"

using namespace tandem::http;

namespace {

// In pieces, each time in a fresh allocation of exact size.
ParseResult feed_in_pieces(std::string_view bytes, unsigned step, RequestHead& head, std::unique_ptr<char[]>& keep) {
  RequestParser parser;
  ParseResult result;
  for (std::size_t size = 0; result.need_more(); size += 1 + step) {
    const std::size_t now = std::min(size, bytes.size());
    keep = std::make_unique<char[]>(now + 1);
    bytes.copy(keep.get(), now);
    result = parser.feed({keep.get(), now}, head);
    if (now == bytes.size()) break;
  }
  return result;
}

void check_accepted(const RequestHead& head, std::string_view bytes) {
  require(bytes.ends_with("\r\n\r\n"));
  require(!head.path.empty() && (head.path[0] == '/' || head.path == "*"));
  require(head.version_minor == 0 || !head.host.empty());
  require(!(head.fields.has(FieldId::content_length) && head.fields.has(FieldId::transfer_encoding)));
  std::string buffer;
  const auto path = normalize_path(head.path, buffer);
  if (!path) return;
  std::string out;
  const RequestOut again{.method = head.method_text,
                         .path = *path,
                         .query = head.query,
                         .has_query = head.has_query,
                         .host = head.host.empty() ? "x" : head.host,
                         .framing = head.framing};
  require(write_request_head(out, again, head.fields));
  RequestParser parser(HeadLimits{.max_size = 128 * 1024, .max_fields = 200, .max_target = 64 * 1024});
  RequestHead second;
  const auto result = parser.feed(out, second);
  require(result.complete() && result.head_length == out.size());
  require(second.framing == head.framing && second.path == *path && second.query == head.query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::unique_ptr<char[]> keep;
  RequestHead whole, pieces;
  RequestParser parser;
  const ParseResult first = parser.feed(bytes, whole);
  const ParseResult second = feed_in_pieces(bytes, data[0] % 8, pieces, keep);
  require(first.state == second.state && first.head_length == second.head_length && first.error == second.error);
  if (!first.complete()) return 0;
  require(whole.fields.size() == pieces.fields.size() && whole.framing == pieces.framing && whole.host == pieces.host);
  for (std::size_t i = 0; i < whole.fields.size(); ++i) {
    require(whole.fields[i].name == pieces.fields[i].name && whole.fields[i].value == pieces.fields[i].value);
  }
  check_accepted(pieces, bytes.substr(0, first.head_length));
  return 0;
}
