#include "gateway/generation.h"

#include <cassert>

#include "gateway/auth/identity_fields.h"
#include "gateway/handlers/aggregate/aggregate.h"
#include "gateway/handlers/fixed.h"
#include "gateway/handlers/proxy.h"
#include "gateway/handlers/redirect.h"
#include "gateway/handlers/split.h"
#include "gateway/helper/service.h"

namespace tandem::gateway {
namespace {

routing::Template path_of(const TargetConfig& target, const routing::MatchPattern& pattern) {
  if (target.path.empty()) return {};
  auto path = routing::Template::parse(target.path, pattern, routing::Template::Names::params);
  assert(path && "load_gateway() has checked it");
  return *std::move(path);
}

std::unique_ptr<const Handler> make_target(const Generation& generation, const RouteConfig& route,
                                           const TargetConfig& target, const routing::MatchPattern& pattern) {
  return std::make_unique<Proxy>(*generation.upstreams[target.index], generation.config.upstreams[target.index],
                                 *generation.histories[target.index], path_of(target, pattern), route.timeout);
}

// Each part's request has a chain of its own, behind all that the route asks of its client.
std::unique_ptr<const Handler> make_aggregate(const Generation& generation, const RouteConfig& route,
                                              const routing::MatchPattern& pattern) {
  std::vector<Chain> chains;
  for (const PartConfig& part : route.parts) {
    const std::size_t upstream = part.upstream_index;
    chains.push_back(compile_part_chain(
        route, part, generation.caches,
        std::make_unique<Proxy>(*generation.upstreams[upstream], generation.config.upstreams[upstream],
                                *generation.histories[upstream], routing::Template(),
                                part.timeout.value_or(route.timeout))));
  }
  return std::make_unique<Aggregate>(route, pattern, std::move(chains));
}

std::unique_ptr<const Handler> make_handler(const Generation& generation, const RouteConfig& route,
                                            const routing::MatchPattern& pattern) {
  if (route.respond) return std::make_unique<Fixed>(*route.respond);
  if (route.redirect) {
    auto redirect = routing::Redirect::parse(route.redirect->to, pattern);
    assert(redirect && "load_gateway() has checked it");
    return std::make_unique<RedirectHandler>(std::move(*redirect), route.redirect->status);
  }
  if (!route.parts.empty()) return make_aggregate(generation, route, pattern);
  if (route.to.size() == 1) return make_target(generation, route, route.to[0], pattern);
  std::vector<Split::Target> targets;
  for (const TargetConfig& target : route.to) {
    targets.push_back({.identity = target.upstream + ' ' + target.path,
                       .weight = target.weight,
                       .upstream = generation.upstreams[target.index].get(),
                       .handler = make_target(generation, route, target, pattern)});
  }
  return std::make_unique<Split>(std::move(targets), route.sticky);
}

std::shared_ptr<const HelperService> make_helper(const Generation& generation, const HelperConfig* helper) {
  if (!helper) return nullptr;
  const std::size_t upstream = helper->index;
  return std::make_shared<HelperService>(*generation.upstreams[upstream], generation.config.upstreams[upstream],
                                         *generation.histories[upstream], helper->path, helper->timeout);
}

std::string to_text(const TargetConfig& target) {
  return target.path.empty() ? target.upstream : target.upstream + ' ' + target.path;
}

}  // namespace

std::shared_ptr<const Generation> Generation::build(std::shared_ptr<const GatewayConfig> config, const Lasting& lasting,
                                                    std::uint32_t most) {
  auto generation = std::make_shared<Generation>(std::move(config));
  lasting.limits.set_process(most, generation->config.process.max_connections);
  for (const ListenerConfig& listener : generation->config.listeners) {
    if (const std::uint16_t port = listener.redirect_to_https; port != 0 && !generation->to_https.contains(port)) {
      generation->to_https.emplace(port, RedirectHandler(routing::Redirect::to_https(port), kHttpsRedirect));
    }
    generation->listeners.push_back(
        {lasting.limits.listener(listener.name, listener.max_connections),
         lasting.sources.of(listener.name, listener.access.per_source),
         std::make_shared<const AccessList>(listener.access.allow_from, listener.access.deny_from)});
  }
  for (const UpstreamConfig& upstream : generation->config.upstreams) {
    generation->upstreams.push_back(std::make_shared<balance::Upstream>(upstream.options, &lasting.registry));
    generation->histories.push_back(lasting.states.upstream(upstream.options.name));
  }
  for (const AuthConfig& provider : generation->config.auth) {
    generation->providers.push_back(
        make_provider(provider, {lasting.states.auth(provider.name), lasting.keys.keys_of(provider),
                                 make_helper(*generation, provider.helper())}));
  }
  for (const redis::Options& one : generation->config.redis) {
    generation->redis.push_back({std::make_shared<const redis::Options>(one), lasting.states.redis(one.name)});
  }
  for (const RateLimitConfig& one : generation->config.limits) {
    generation->limits.push_back(std::make_shared<Limit>(one, lasting.states.limit(one.name, one.max_keys)));
  }
  for (const CacheConfig& one : generation->config.caches) {
    generation->caches.push_back(lasting.states.cache(one.name));
  }
  generation->log_rules = LogRules(generation->config);
  generation->identity_fields = names_of_identity_fields(generation->config);
  generation->table = generation->config.table;
  for (std::uint32_t i = 0; i < generation->config.routes.size(); ++i) {
    const RouteConfig& route = generation->config.routes[i];
    const routing::MatchPattern& pattern = generation->table->routes()[i].pattern;
    generation->encoded_slashes |= route.encoded_slashes;
    generation->places.push_back(route.concurrency.limit == 0 ? nullptr : lasting.states.places(route.name));
    generation->routes.push_back(
        {i, route.name, route.max_body, route.websocket, route.encoded_slashes, route.cors.on,
         compile_chain({generation->config, route, pattern, generation->upstreams, generation->places[i],
                        generation->providers, generation->limits, generation->caches},
                       make_handler(*generation, route, pattern))});
  }
  return generation;
}

void Generation::write_auth(JsonWriter& json) const {
  json.begin_array();
  for (const auto& provider : providers) {
    json.begin_object().member("name", provider->config().name);
    provider->write_status(json);
    json.end_object();
  }
  json.end_array();
}

void Generation::write_limits(JsonWriter& json) const {
  json.begin_array();
  for (const auto& limit : limits) limit->write_status(json);
  json.end_array();
}

void Generation::write_redis(JsonWriter& json) const {
  json.begin_array();
  for (const SharedRedis& one : redis) {
    json.begin_object().member("name", one.options->name).member("address", redis::to_text(one.options->target));
    one.health->write_status(json);
    json.end_object();
  }
  json.end_array();
}

void Generation::configure_caches() const {
  const auto seconds = [](Duration duration) {
    return static_cast<cache::Seconds>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
  };
  for (std::size_t i = 0; i < caches.size(); ++i) {
    const CacheConfig& one = config.caches[i];
    caches[i]->configure(
        {one.size, one.max_object, {seconds(one.stale.while_revalidate), seconds(one.stale.if_error)}});
  }
}

void Generation::write_breakers(JsonWriter& json) const {
  const Instant at = now();
  json.begin_array();
  for (std::size_t i = 0; i < histories.size(); ++i) {
    if (!config.upstreams[i].breaker.on) continue;
    const Breaker& breaker = histories[i]->breaker;
    json.begin_object().member("upstream", config.upstreams[i].options.name);
    json.member("state", state_name(breaker.state(at)));
    json.key("open_for_ms").milliseconds(breaker.open_for(at)).end_object();
  }
  json.end_array();
}

void Generation::write_routes(JsonWriter& json) const {
  json.begin_array();
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const RouteConfig& route = config.routes[i];
    json.begin_object().member("name", route.name).member("match", route.match);
    if (route.respond) {
      json.member("respond", route.respond->status);
    } else if (route.redirect) {
      json.member("redirect", route.redirect->to);
    } else if (!route.parts.empty()) {
      json.key("parts").begin_array();
      for (const PartConfig& part : route.parts) {
        json.begin_object().member("name", part.name).member("to", part.call.text).end_object();
      }
      json.end_array();
    } else if (route.to.size() == 1) {
      json.member("to", to_text(route.to[0]));
    } else {
      json.key("to").begin_array();
      for (const TargetConfig& target : route.to) {
        json.begin_object().member("to", to_text(target)).member("weight", target.weight).end_object();
      }
      json.end_array();
    }
    if (places[i]) json.member("in_flight", places[i]->taken()).member("concurrency", route.concurrency.limit);
    json.end_object();
  }
  json.end_array();
}

}  // namespace tandem::gateway
