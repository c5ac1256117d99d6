// One configuration as the workers use it: the file's values, the compiled route table, the upstreams and each route's
// chain. Immutable; made on the control thread, held by every exchange that began with it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/balance/upstream.h"
#include "common/base/access_list.h"
#include "common/base/json_writer.h"
#include "common/limit/source_limit.h"
#include "common/process/connection_limit.h"
#include "gateway/auth/key_fetcher.h"
#include "gateway/config.h"
#include "gateway/filters/chain.h"
#include "gateway/handlers/redirect.h"
#include "gateway/log_rules.h"
#include "gateway/resilience/state_registry.h"
#include "gateway/routing/table.h"

namespace tandem::gateway {

struct Route {
  std::uint32_t index = 0;
  std::string name;
  std::uint64_t max_body = 0;
  bool websocket = true;
  bool encoded_slashes = false;
  bool answers_preflights = false;  // its first filters do, whatever methods it takes
  Chain chain;
};

// What all workers and generations have of one listener, and who may come to it.
struct SharedListener {
  std::shared_ptr<process::ConnectionLimit> limit;
  std::shared_ptr<limit::Sources> sources;
  std::shared_ptr<const AccessList> access;
};

// A Redis server, and whether it answers.
struct SharedRedis {
  std::shared_ptr<const redis::Options> options;
  std::shared_ptr<redis::Health> health;
};

struct Generation : std::enable_shared_from_this<Generation> {
  explicit Generation(std::shared_ptr<const GatewayConfig> from) : loaded(std::move(from)), config(*loaded) {}
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  const std::shared_ptr<const GatewayConfig> loaded;
  const GatewayConfig& config;
  std::shared_ptr<const routing::RouteTable> table;           // config's
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;  // in the order of config.upstreams
  std::vector<std::shared_ptr<UpstreamHistory>> histories;    // likewise
  std::vector<std::shared_ptr<const Provider>> providers;     // in the order of config.auth
  std::vector<SharedRedis> redis;                             // in the order of config.redis
  std::vector<std::shared_ptr<const Limit>> limits;           // in the order of config.limits
  std::vector<std::shared_ptr<cache::Store>> caches;          // in the order of config.caches
  std::vector<std::string> identity_fields;                   // what tells services who calls: never a client's own
  bool encoded_slashes = false;                               // one of the routes takes them
  std::vector<Route> routes;                                  // in the order of config.routes
  std::vector<std::shared_ptr<Places>> places;                // likewise; null where any number may be under way
  std::map<std::uint16_t, RedirectHandler> to_https;          // by the port, for listeners that redirect there
  std::vector<SharedListener> listeners;                      // in the order of config.listeners
  LogRules log_rules;

  // An array for /status: each route's name, match and what it leads to.
  void write_routes(JsonWriter& json) const;
  // Likewise: the providers, each with what it says of itself.
  void write_auth(JsonWriter& json) const;
  // Likewise: the limits, each with what it allows and how requests have fared.
  void write_limits(JsonWriter& json) const;
  // Likewise: the Redis servers.
  void write_redis(JsonWriter& json) const;
  // Likewise: the upstreams that have a breaker, each with its state and how long it stays open.
  void write_breakers(JsonWriter& json) const;

  // It is in force: caches take the sizes that it gives them.
  void configure_caches() const;

  // `lasting`: what earlier generations leave to this one.
  struct Lasting {
    balance::Registry& registry;
    StateRegistry& states;
    process::ConnectionLimits& limits;
    limit::SourcesByListener& sources;
    KeyFetcher& keys;
  };
  // `config` has been checked by load_gateway(): its patterns compile and its routes do not conflict. Several may be
  // built of one configuration: each with the servers that are discovered by then.
  static std::shared_ptr<const Generation> build(std::shared_ptr<const GatewayConfig> config, const Lasting& lasting,
                                                 std::uint32_t most);
};

}  // namespace tandem::gateway
