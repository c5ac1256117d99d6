// One look at where an upstream's servers come from: the questions that it takes, put together to a list of servers.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/balance/dns_source.h"
#include "common/balance/options.h"
#include "common/net/dns_message.h"

namespace tandem::balance {

struct Finding {
  enum class Kind : std::uint8_t {
    whole,    // these are the servers
    partial,  // there are these, and perhaps more: one of the questions was not answered
    none,     // who knows it says that there is none
    failed    // nobody said anything that can be used
  };
  Kind kind = Kind::failed;
  std::vector<ServerOptions> servers;  // sorted by address, each once; not empty exactly for whole and partial
  Duration ttl = Duration::zero();
  std::string why;  // what went wrong, for people; empty for whole
};

inline constexpr std::size_t kMostDiscovered = 512;  // servers of one upstream; what is more is left out

// Asks `resolvers` (empty: whom the system asks); takes 5 s at most. Of a cancelled look the result means nothing.
async::Task<Finding> look_up(DnsSource source, std::vector<IpEndpoint> resolvers);

// The servers that services with these addresses mean. The lowest priority serves, every other is backup; weights of
// both are brought to 1 to 256. What has the same address is one server, of the better priority.
struct ServiceAddresses {
  net::DnsService service;
  std::vector<IpAddress> addresses;
};
std::vector<ServerOptions> servers_of(std::span<const ServiceAddresses> services);

// The servers at these addresses: those that no connection could mean are left out.
std::vector<ServerOptions> servers_at(std::span<const IpAddress> addresses, std::uint16_t port);

}  // namespace tandem::balance
