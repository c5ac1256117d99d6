// What the file says of a Redis server: [redis.NAME]. A value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/balance/dns_source.h"
#include "common/balance/options.h"
#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/config/place.h"

namespace tandem::redis {

// Where it listens: an address, or a name and a port that are looked up for each connection.
using Target = std::variant<Address, balance::DnsSource>;
std::string to_text(const Target& target);

struct Options {
  std::string name;
  config::Place place;
  Target target;
  std::string username;  // empty: the one that a password alone means
  std::optional<std::string> password;
  std::uint32_t database = 0;
  Duration timeout = std::chrono::milliseconds(20);  // of one call
  std::string prefix = "gateway:";                   // of every key
  std::optional<balance::UpstreamTls> tls;
  std::vector<IpEndpoint> resolvers;  // the process's
};

}  // namespace tandem::redis
