#include "gateway/config.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/checks.h"
#include "common/config/load.h"
#include "common/config/shared_sections.h"
#include "gateway/config_aggregate.h"
#include "gateway/config_auth.h"
#include "gateway/config_cache.h"
#include "gateway/config_endpoint.h"
#include "gateway/config_mtls.h"
#include "gateway/config_rate_limit.h"
#include "gateway/config_routes.h"
#include "gateway/config_sections.h"
#include "gateway/config_trace.h"

namespace tandem::gateway {
namespace {

using namespace config;

void finish_listeners(RawGateway& raw, Reader& reader, GatewayConfig& config) {
  std::vector<Defined> listeners;
  std::vector<Listening> listening;
  if (raw.admin.listen) listening.push_back({*raw.admin.listen, raw.admin.place, "admin"});
  if (raw.listeners.empty() && !raw.listeners_place.known()) reader.error({}, "no [[listener]] is defined");
  for (RawListener& listener : raw.listeners) {
    ListenerConfig& made = listener.config;
    if (made.name.empty()) made.name = made.listen.to_string();
    if (!listener.health_from_place.known()) made.health_from = made.proxy_protocol_from;
    listeners.push_back({made.name, listener.place});
    const std::string what = "listener " + quoted(made.name);
    if (listener.listen_place.known()) listening.push_back({made.listen, listener.listen_place, what});
    const auto scope = reader.inside(what);
    for (const RawUpstream& upstream : raw.upstreams) {
      check_loop(reader, made.listen, listener.listen_place, upstream.config.options);
    }
    settle_tls(reader, made.name, made.tls, {"http/1.1", "http/1.0"});
    check_access(reader, made.listen, made.access);
    if (made.tls && made.redirect_to_https != 0) {
      reader.error(listener.place,
                   "redirect_to_https is for a listener without TLS: here it would lead back to itself");
    }
    config.listeners.push_back(made);
  }
  check_unique(reader, "listener", listeners);
  check_listening(reader, listening);
}

std::vector<Defined> finish_upstreams(RawGateway& raw, Reader& reader, GatewayConfig& config) {
  std::vector<Defined> upstreams;
  for (RawUpstream& upstream : raw.upstreams) {
    const UpstreamConfig& made = upstream.config;
    check_upstream_tls(reader, made.options, upstream.place);
    upstreams.push_back({made.options.name, upstream.place});
    if (made.options.proxy_protocol != balance::ProxyProtocol::off && made.keepalive.connections != 0) {
      const auto scope = reader.inside("upstream " + quoted(made.options.name));
      reader.error(upstream.place,
                   "proxy_protocol needs keepalive = \"off\": a kept connection announces one client only");
    }
    const bool hashed = made.options.balance == balance::Policy::hash;
    if (hashed != (made.hash_key.kind != KeyConfig::Kind::none)) {
      const auto scope = reader.inside("upstream " + quoted(made.options.name));
      reader.error(upstream.place, hashed ? "balance = \"hash\" needs hash_key: what is hashed"
                                          : "hash_key counts only with balance = \"hash\"");
    }
    config.upstreams.push_back(made);
  }
  return upstreams;
}

// Names in a route become indices.
void resolve_targets(RouteConfig& route, Reader& reader, std::span<const Defined> upstreams, std::vector<bool>& used) {
  const auto resolve_one = [&](TargetConfig& target) {
    if (!target.upstream_place.known()) return;  // missing, which has been said
    const auto index = resolve(reader, "upstream", target.upstream, target.upstream_place, upstreams);
    if (!index) return;
    target.index = *index;
    used[*index] = true;
  };
  std::ranges::for_each(route.to, resolve_one);
  if (route.mirror) resolve_one(route.mirror->target);
}

void check_answer(const RouteConfig& route, Reader& reader) {
  const int answers = int{route.to_place.known()} + int{route.parts_place.known()} + int{route.respond.has_value()} +
                      int{route.redirect_place.known()};
  if (answers == 0) reader.error(route.place, "nothing answers; write `to`, `respond`, `redirect` or [[route.part]]");
  if (answers > 1) reader.error(route.place, "only one of `to`, `respond`, `redirect` and [[route.part]] can answer");
  if (route.aggregate_place.known() && !route.parts_place.known()) {
    reader.error(route.aggregate_place, "aggregate: there is nothing to join; write [[route.part]] for each part");
  }
  if (route.sticky.kind != KeyConfig::Kind::none && route.to.size() < 2) {
    reader.error(route.sticky_place, "sticky: there is nothing to choose from: `to` is no list of targets");
  }
  if (route.respond && !route.respond->body.empty() && !has_body(route.respond->status)) {
    reader.error(route.place, fmt::format("respond: an answer of status {} has no body", route.respond->status));
  }
  if (route.mirror && !route.to_place.known()) {
    reader.error(route.mirror_place, "mirror: only what goes to a service (`to`) can be copied");
  }
}

void finish_redis(RawGateway& raw, Reader& reader) {
  std::vector<bool> used(raw.redis.size());
  std::vector<Defined> servers;
  for (redis::Options& one : raw.redis) {
    servers.push_back({one.name, one.place});
    one.resolvers = raw.process.resolvers;
  }
  resolve_scopes(raw.limits, reader, servers, used);
  warn_unused(reader, "redis", servers, used);
}

void finish_routes(RawGateway& raw, Reader& reader, GatewayConfig& config, std::span<const Defined> upstreams) {
  std::vector<bool> used(upstreams.size());
  std::vector<bool> used_auth(raw.auth.size());
  std::vector<bool> used_limits(raw.limits.size());
  std::vector<bool> used_caches(raw.caches.size());
  std::vector<Defined> routes, providers, limits, caches;
  for (const AuthConfig& provider : raw.auth) providers.push_back({provider.name, provider.place});
  for (const RateLimitConfig& limit : raw.limits) limits.push_back({limit.name, limit.place});
  for (const CacheConfig& cache : raw.caches) caches.push_back({cache.name, cache.place});
  if (raw.routes.empty() && !raw.routes_place.known()) reader.error({}, "no [[route]] is defined");
  for (RouteConfig& route : raw.routes) {
    if (!route.name.empty()) routes.push_back({route.name, route.place});
    if (route.name.empty()) route.name = route.match;
    const auto scope = reader.inside(route.name.empty() ? std::string("route") : "route " + quoted(route.name));
    resolve_targets(route, reader, upstreams, used);
    check_answer(route, reader);
    resolve_auth(route, reader, providers, raw.auth, used_auth);
    resolve_limits(route, reader, limits, raw.limits, used_limits);
    resolve_cache(route.cache, reader, caches, used_caches);
    resolve_parts(route, reader, upstreams, used, caches, used_caches);
    config.routes.push_back(route);
  }
  resolve_endpoints(reader, config, upstreams, used);
  check_unique(reader, "route", routes);
  warn_unused(reader, "upstream", upstreams, used);
  warn_unused(reader, "auth", providers, used_auth);
  warn_unused(reader, "rate_limit", limits, used_limits);
  warn_unused(reader, "cache", caches, used_caches);
}

GatewayConfig finish(RawGateway& raw, Reader& reader) {
  check_admin(reader, raw.admin);
  settle_trace(reader, raw.trace);
  if (raw.log.format == LogFormat::combined && !raw.log.headers.empty()) {
    reader.warning(raw.log.headers_place, "log: `headers` has no place in lines of the format \"combined\"");
  }
  finish_redis(raw, reader);
  GatewayConfig config{raw.process, raw.admin,  raw.log,    raw.trace,  {}, {}, raw.auth,
                       raw.redis,   raw.limits, raw.caches, raw.errors, {}, {}};
  settle(config.process);
  finish_listeners(raw, reader, config);
  check_certificates_asked(reader, config);
  const std::vector<Defined> upstreams = finish_upstreams(raw, reader, config);
  finish_routes(raw, reader, config, upstreams);
  config.table = compile_routes(reader, config);
  return config;
}

}  // namespace

LoadResult<GatewayConfig> load_gateway(const std::string& path) {
  return load_file<GatewayConfig>(path, root_section(), finish);
}

LoadResult<GatewayConfig> quick_gateway(std::string_view listen, const std::vector<std::string>& to) {
  GatewayConfig config;
  ListenerConfig& listener = config.listeners.emplace_back();
  UpstreamConfig& upstream = config.upstreams.emplace_back();
  LoadResult<GatewayConfig> result;
  result.errors = read_quick(listen, to, listener.listen, upstream.options);
  listener.name = listener.listen.to_string();
  RouteConfig& route = config.routes.emplace_back();
  route.match = "/{rest...}";
  route.name = route.match;
  TargetConfig& target = route.to.emplace_back();
  target.text = target.upstream = upstream.options.name;
  route.is_public = true;
  config.table = compile(config.routes);
  settle(config.process);
  if (result.errors.empty()) result.config = std::move(config);
  return result;
}

std::string dump(const GatewayConfig& config) {
  RawGateway raw;
  raw.process = config.process;
  raw.admin = config.admin;
  raw.log = config.log;
  raw.trace = config.trace;
  raw.auth = config.auth;
  raw.redis = config.redis;
  raw.limits = config.limits;
  raw.caches = config.caches;
  raw.errors = config.errors;
  for (const ListenerConfig& listener : config.listeners) {
    raw.listeners.push_back({listener, {}, {}, {}});
    if (listener.name == listener.listen.to_string()) raw.listeners.back().config.name.clear();
  }
  for (const UpstreamConfig& upstream : config.upstreams) {
    raw.upstreams.push_back({upstream, {}});
    raw.upstreams.back().config.options = without_default_names(upstream.options);
  }
  for (RouteConfig route : config.routes) {
    if (route.name == route.match) route.name.clear();
    raw.routes.push_back(std::move(route));
  }
  return to_toml(root_section().show(raw));
}

std::string gateway_schema() { return file_schema("gateway.toml", root_section().schema()); }

}  // namespace tandem::gateway
