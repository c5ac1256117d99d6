// URLs of helpers, one of which a stranger may name (jwks_uri), and what an answer says of its freshness: what is read
// is the same when it is written and read again, and fits into a request as one line.
#include <cstdint>
#include <string_view>

#include "gateway/helper/fetch.h"
#include "gateway/helper/url.h"
#include "tests/fuzz/require.h"

using namespace tandem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto fresh = gateway::freshness(text)) require(*fresh >= Duration::zero());
  const auto url = gateway::HttpUrl::parse(text);
  if (!url) {
    require(!url.error().empty());
    return 0;
  }
  require(url->port != 0 && !url->host.empty() && url->target.starts_with('/'));
  for (const unsigned char c : url->target + url->authority()) require(c > ' ' && c < 0x7f);
  const auto again = gateway::HttpUrl::parse(url->to_string());
  require(again && *again == *url);
  return 0;
}
