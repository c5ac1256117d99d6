#include "common/balance/dns_source.h"

#include <charconv>

#include <fmt/format.h>

#include "common/base/address.h"
#include "common/base/host_name.h"

namespace tandem::balance {
namespace {

std::unexpected<Error> wrong(std::string detail) { return fail(Origin::internal, "config", std::move(detail)); }

}  // namespace

Result<DnsSource> DnsSource::parse(std::string_view text) {
  constexpr std::size_t kScheme = 4;
  const bool services = text.starts_with("srv:");
  if (!is_meant(text))
    return wrong(
        " is no list of servers; write one such as [\"127.0.0.1:8081\"], or \"dns:NAME:PORT\" or \"srv:NAME\"");
  text.remove_prefix(kScheme);
  DnsSource source;
  if (!services) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong(" has no port; write \"dns:NAME:PORT\"");
    const std::string_view port = text.substr(colon + 1);
    text = text.substr(0, colon);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), source.port);
    if (error != std::errc() || end != port.data() + port.size() || source.port == 0) {
      return wrong(" has no port from 1 to 65535 behind its last colon");
    }
  }
  if (IpAddress::parse(text) || (text.starts_with('[') && text.ends_with(']'))) {
    return wrong(" has an address where a name should be; an address stands in a list: [\"127.0.0.1:8081\"]");
  }
  const auto name = normal_host_name(text);
  if (!name) {
    return wrong(services ? " has no valid name; write one such as \"srv:_gateway._tcp.internal\""
                          : " has no valid name; write one such as \"dns:gateway.internal:8081\"");
  }
  source.name = *name;
  return source;
}

std::string DnsSource::to_string() const { return services() ? "srv:" + name : fmt::format("dns:{}:{}", name, port); }

}  // namespace tandem::balance
