// lb.toml as plain values. load_lb() reads and checks a file; the result is immutable, shared by all workers of one
// generation.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/access_section.h"
#include "common/config/sections.h"
#include "common/config/tls_section.h"

namespace tandem::lb {

struct ListenerTimeouts {
  Duration connect = std::chrono::seconds(1);
  Duration idle = std::chrono::minutes(5);
  Duration half_closed = std::chrono::seconds(30);
  Duration handshake = std::chrono::seconds(5);  // for a PROXY header, a ClientHello, TLS: together
};

// A [[listener.match]]: takes clients whose TLS asks for one of these names and offers one of these protocols.
struct MatchConfig {
  std::vector<std::string> sni;   // in normal form; "*.example.com" is exactly one label more. Empty: any, and none
  std::vector<std::string> alpn;  // empty: any, and none
  std::size_t upstream = 0;       // index into LbConfig::upstreams
};

struct ListenerConfig {
  std::string name;  // the address where none is given
  Address listen;
  std::optional<std::size_t> upstream;     // takes what nothing matches; without it that is closed
  std::optional<config::ListenerTls> tls;  // ended here; then there are no matches
  std::vector<MatchConfig> matches;        // TLS passed through, routed by its ClientHello
  std::vector<IpPrefix> proxy_protocol_from;
  config::AccessConfig access;
  std::uint32_t max_connections = config::kUnlimited;
  bool tcp_info = false;
  ListenerTimeouts timeout;
};

struct LbConfig {
  config::ProcessConfig process;
  config::AdminConfig admin;
  config::LogConfig log;
  std::vector<ListenerConfig> listeners;
  std::vector<balance::UpstreamOptions> upstreams;
};

// Reads and checks `path` and what it includes. Never throws, whatever the file holds.
config::LoadResult<LbConfig> load_lb(const std::string& path);

// What `lb run --listen ADDRESS --to A,B` means: one listener before one upstream, everything else by default.
config::LoadResult<LbConfig> quick_lb(std::string_view listen, const std::vector<std::string>& to);

std::string dump(const LbConfig& config);  // the effective configuration as TOML, secrets masked
std::string lb_schema();                   // JSON Schema of lb.toml

}  // namespace tandem::lb
