// gateway.toml as plain values. load_gateway() reads and checks a file; the result is immutable, shared by all workers
// of one generation.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/access_section.h"
#include "common/config/place.h"
#include "common/config/sections.h"
#include "common/config/tls_section.h"
#include "gateway/auth/options.h"
#include "gateway/filters/options.h"
#include "gateway/handlers/aggregate/options.h"
#include "gateway/rate_limit/options.h"
#include "gateway/redis/options.h"
#include "gateway/resilience/options.h"
#include "gateway/routing/table.h"
#include "gateway/trace/options.h"

namespace tandem::gateway {

inline constexpr std::uint64_t kNoSizeLimit = std::numeric_limits<std::uint64_t>::max();  // a size configured as "none"

struct ListenerTimeouts {
  Duration handshake = std::chrono::seconds(5);   // of TLS
  Duration header = std::chrono::seconds(10);     // from a request's first byte to its head's end
  Duration body = std::chrono::seconds(30);       // between two reads of a request's body
  Duration idle = std::chrono::seconds(60);       // a stream that stands still: an answer, a WebSocket
  Duration keepalive = std::chrono::seconds(75);  // between two requests
};

struct ListenerConfig {
  std::string name;  // the address where none is given
  Address listen;
  std::vector<IpPrefix> proxy_protocol_from;
  config::AccessConfig access;
  std::vector<IpPrefix> trusted_proxies;
  std::vector<IpPrefix> health_from;  // those of proxy_protocol_from where the file names none
  std::uint32_t max_connections = config::kUnlimited;
  std::uint64_t max_header_size = 32 * 1024;
  std::uint32_t max_headers = 100;
  std::uint64_t max_uri = 8 * 1024;
  std::uint32_t max_requests_per_connection = config::kUnlimited;
  std::uint64_t min_rate = 0;            // bytes a second of bodies and answers; 0: none
  Duration max_connection_age = kNever;  // then a connection ends with the answer that it is at
  std::uint16_t redirect_to_https = 0;   // the port that clients are sent to; 0: they are served here
  ListenerTimeouts timeout;
  std::optional<config::ListenerTls> tls;
};

struct KeepaliveConfig {           // idle connections to an upstream's servers, per worker
  std::uint32_t connections = 64;  // 0 (`keepalive = "off"`): every request has its own connection
  Duration idle = std::chrono::seconds(30);
};

enum class HostMode : std::uint8_t { preserve, upstream, name };
struct HostConfig {
  HostMode mode = HostMode::preserve;  // upstream: the server's address
  std::string name;                    // what `Host` says in mode `name`
};

// By what of a request it is told apart from others: for a split's `sticky` and an upstream's `hash_key`.
struct KeyConfig {
  enum class Kind : std::uint8_t { none, caller, ip, header, cookie };
  Kind kind = Kind::none;
  std::string name;  // of the header or the cookie

  std::string text() const;  // as the file writes it
};

// How many requests of a route may be under way at a time.
struct ConcurrencyConfig {
  std::uint32_t limit = 0;  // 0: any number
  KeyConfig key;            // none: all together; else those of each
};

struct UpstreamConfig {
  balance::UpstreamOptions options;
  KeyConfig hash_key;  // with balance = "hash"
  Duration connect_timeout = std::chrono::seconds(1);
  KeepaliveConfig keepalive;
  RetryConfig retry;
  BreakerConfig breaker;
  bool ready_requires = false;  // /readyz answers 503 while this upstream has no server up
  HostConfig host;
};

struct RespondConfig {
  std::uint16_t status = 200;
  std::string body;
  std::vector<FieldSetting> headers;
};

// Whether answers of that status have a body at all (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
constexpr bool has_body(int status) { return status != 204 && status != 205 && status != 304; }

struct RedirectConfig {
  std::string to;  // a template: {scheme} {host} {path} {query} and the route's parameters
  std::uint16_t status = 308;
  config::Place to_place;
};

// Who answers, or gets one share of the requests: "UPSTREAM [PATH]" or { upstream, path, weight }.
struct TargetConfig {
  std::string text;  // as it was written, where it is one text
  std::string upstream;
  config::Place upstream_place;
  std::string path;  // a template; empty: the path as it came
  config::Place path_place;
  std::uint32_t weight = 1;
  std::size_t index = 0;  // of `upstream` in GatewayConfig::upstreams
};

inline constexpr std::uint64_t kMaxMirrorBody = 1024 * 1024;

struct MirrorConfig {
  TargetConfig target;  // without a path: what the service itself was asked for
  std::uint64_t max_body = 64 * 1024;
  bool credentials = false;  // the copy keeps Authorization and Cookie
};

// Exactly one of `to`, `parts`, `respond` and `redirect` is there. The patterns are texts with their places;
// gateway/routing compiles them.
struct RouteConfig {
  std::string name;  // the match where none is given
  config::Place place;
  std::string match;
  config::Place match_place;
  std::vector<routing::Condition> when;
  bool encoded_slashes = false;  // %2F may stand in its segments
  std::vector<TargetConfig> to;  // more than one: a split; none: respond or redirect
  config::Place to_place;
  KeyConfig sticky;  // of a split
  config::Place sticky_place;
  std::optional<MirrorConfig> mirror;
  config::Place mirror_place;
  std::vector<PartConfig> parts;  // an aggregate
  config::Place parts_place;
  AggregateConfig aggregate;
  config::Place aggregate_place;
  bool is_public = false;
  RouteAuth auth;
  Duration timeout = std::chrono::seconds(5);
  std::uint64_t max_body = 1024 * 1024;
  std::vector<IpPrefix> allow_from = config::everybody();
  std::vector<IpPrefix> deny_from;
  HeadersConfig headers;
  bool websocket = true;  // a request may turn its connection into a WebSocket
  CorsConfig cors;
  config::Place cors_place;
  CompressConfig compress;
  ConcurrencyConfig concurrency;
  std::vector<RateLimitUse> rate_limit;
  config::Place rate_limit_place;
  CacheUse cache;
  std::optional<RespondConfig> respond;
  std::optional<RedirectConfig> redirect;
  config::Place redirect_place;
};

// A body of the operator's own for errors that the gateway answers.
struct ErrorPage {
  std::string status;                 // "404", or "5xx" for what has none of its own
  std::vector<std::string> paths;     // one for each kind of content, the preferred first
  std::vector<std::string> contents;  // of those files
  config::Place place;
};

struct GatewayConfig {
  config::ProcessConfig process;
  config::AdminConfig admin;
  config::LogConfig log;
  std::optional<TraceConfig> trace;
  std::vector<ListenerConfig> listeners;
  std::vector<UpstreamConfig> upstreams;
  std::vector<AuthConfig> auth;
  std::vector<redis::Options> redis;
  std::vector<RateLimitConfig> limits;
  std::vector<CacheConfig> caches;
  std::vector<ErrorPage> errors;
  std::vector<RouteConfig> routes;                   // [defaults] merged in
  std::shared_ptr<const routing::RouteTable> table;  // compiled from them, by the same indices
};

// Reads and checks `path` and what it includes, the routing table too. Never throws, whatever the file holds.
config::LoadResult<GatewayConfig> load_gateway(const std::string& path);

// What `gateway run --listen ADDRESS --to A,B` means: one public route for everything before one upstream.
config::LoadResult<GatewayConfig> quick_gateway(std::string_view listen, const std::vector<std::string>& to);

std::string dump(const GatewayConfig& config);  // the effective configuration as TOML, secrets masked
std::string gateway_schema();                   // JSON Schema of gateway.toml

}  // namespace tandem::gateway
