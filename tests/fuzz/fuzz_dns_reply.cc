// Answers of name servers: no bytes are read beyond the message, and what is understood keeps its bounds. The first
// byte chooses the question's type.
#include <cstdint>
#include <vector>

#include "common/base/host_name.h"
#include "common/net/dns_message.h"
#include "tests/fuzz/require.h"

using namespace tandem;
using namespace tandem::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  constexpr DnsType kTypes[] = {DnsType::a, DnsType::aaaa, DnsType::srv};
  const DnsType type = kTypes[data[0] % 3];
  const std::vector<unsigned char> message(data + 1, data + size);  // its own block, so that ASan sees its end
  const auto reply = parse_dns_reply(message, type);
  if (!reply) return 0;
  require(type == DnsType::srv ? reply->addresses.empty() : reply->services.empty());
  require(reply->addresses.size() + reply->services.size() <= size / 11);
  require(reply->ttl.count() >= 0 && reply->ttl.count() <= 0x7fff'ffff);
  for (const IpAddress& address : reply->addresses) require(type != DnsType::a || address.is_v4());
  for (const DnsService& service : reply->services) {
    require(service.port != 0 && normal_host_name(service.target) == service.target);
  }
  return 0;
}
