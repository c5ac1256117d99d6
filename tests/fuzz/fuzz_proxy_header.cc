// PROXY headers, both versions: whole and dripped must agree, nothing behind the header is looked at, and a header that
// was understood can be written and is then understood the same.
#include <algorithm>
#include <cstdint>
#include <string>

#include "common/net/proxy_protocol.h"
#include "tests/fuzz/require.h"

using namespace tandem::net;

namespace {

void writes_back(const ProxyHeader& header) {
  if (header.kind != ProxyHeader::Kind::proxied) return;
  const ProxyTlv id{ProxyTlvType::unique_id, header.unique_id};
  std::string bytes;
  append_proxy_v2(bytes, header.source, header.destination, std::span(&id, 1));
  const auto again = read_proxy_header(bytes);
  require(again && *again && (*again)->size == bytes.size());
  require((*again)->unique_id == header.unique_id);
  if (!header.source.is_unix()) require((*again)->source == header.source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto whole = read_proxy_header(input);
  (void)looks_like_proxy_header(input);
  std::size_t n = 0;
  for (; n <= std::min<std::size_t>(size, kMaxProxyV2 + 1); ++n) {
    const std::string part(input, 0, n);
    const auto read = read_proxy_header(part);
    if (read && !*read) continue;
    require(read.has_value() == whole.has_value());
    if (read) require((*read)->size == n && (*whole)->size == n);
    break;
  }
  if (whole && *whole) {
    require((*whole)->size <= size);
    writes_back(**whole);
  }
  return 0;
}
