// gateway.toml as it is written, before names are resolved, and the table of its keys. Private to the room: config.cc
// makes a GatewayConfig of it and, for dump, the way back.
#pragma once
#include <string>
#include <vector>

#include "common/config/section.h"
#include "gateway/config.h"

namespace tandem::gateway {

struct RawListener {
  ListenerConfig config;
  config::Place place, listen_place, health_from_place;
};
struct RawUpstream {
  UpstreamConfig config;
  config::Place place;
};
struct RawGateway {
  config::ProcessConfig process;
  config::AdminConfig admin;
  config::LogConfig log;
  std::optional<TraceConfig> trace;
  std::vector<RawListener> listeners;
  std::vector<RawUpstream> upstreams;
  std::vector<AuthConfig> auth;
  std::vector<redis::Options> redis;
  std::vector<RateLimitConfig> limits;
  std::vector<CacheConfig> caches;
  std::vector<ErrorPage> errors;
  RouteConfig defaults;  // what every route begins as
  std::vector<RouteConfig> routes;
  config::Place listeners_place, routes_place;
};

const config::Section<RawGateway>& root_section();

}  // namespace tandem::gateway
