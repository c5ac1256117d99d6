// What a configuration says of an upstream: plain values with the defaults of contract §3. config fills them, balance
// acts on them.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/dns_source.h"
#include "common/base/address.h"
#include "common/base/clock.h"

namespace tandem::net {
class TlsClientContext;
}

namespace tandem::balance {

inline constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();  // a count configured as "none"

// source_hash and hash pick alike, by PickRequest::hash: of the client's address, or of a key that is configured.
enum class Policy : std::uint8_t { round_robin, least_connections, response_time, random, source_hash, hash };
constexpr bool is_hashed(Policy policy) { return policy == Policy::source_hash || policy == Policy::hash; }
enum class ProxyProtocol : std::uint8_t { off, v1, v2 };
enum class CheckKind : std::uint8_t { off, tcp, tls, http, https };
enum class WhenNone : std::uint8_t { refuse, try_all };
enum class OnDown : std::uint8_t { keep, close };

struct ServerOptions {
  Address address;
  std::string name;          // the address where none is given
  std::uint32_t weight = 1;  // 0 to 256; 0: gets nothing new
  std::uint32_t max_connections = kUnlimited;
  bool backup = false;  // picked only when no other server is available
};

struct StatusRange {
  std::uint16_t from = 200;
  std::uint16_t to = 299;
};

struct HealthOptions {
  CheckKind check = CheckKind::tcp;
  std::string path = "/";
  std::string host;  // what the check's Host says; empty: the server's address
  std::vector<StatusRange> status = {StatusRange{}};
  std::optional<std::uint16_t> port;  // empty: the server's own
  Duration every = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(1);
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  std::optional<ProxyProtocol> proxy_protocol;  // empty: the upstream's
};

// TLS to the servers. The texts are what the file says, for showing it; the context is what they come to.
struct UpstreamTls {
  std::string verify = "system";  // "off", or authorities
  std::string server_name;        // empty: the server's address
  std::string certificate;        // empty: none
  std::string key;
  std::shared_ptr<const net::TlsClientContext> context;
};

struct EjectOptions {
  std::uint32_t after = 5;                       // failures in a row; kUnlimited ("none"): never
  Duration duration = std::chrono::seconds(30);  // configured as `for`; grows with every ejection in a row
  double max_share = 0.5;                        // configured as `max`: of the upstream's servers, but at least one
};

struct QueueOptions {
  std::uint32_t size = 0;  // 0: no queue
  Duration timeout = std::chrono::seconds(5);
};

struct UpstreamOptions {
  std::string name;
  Policy balance = Policy::round_robin;
  std::vector<ServerOptions> servers;
  std::optional<DnsSource> discovery;  // where `servers` come from instead of the file; empty: from the file
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  std::uint32_t attempts = 3;
  Duration slow_start = Duration::zero();    // zero ("none"): full weight at once
  std::uint32_t max_in_flight = kUnlimited;  // of all servers together; gateway only
  QueueOptions queue;
  WhenNone when_none = WhenNone::refuse;
  EjectOptions eject;
  OnDown on_down = OnDown::keep;  // lb only
  HealthOptions health;
  std::optional<UpstreamTls> tls;
};

}  // namespace tandem::balance
