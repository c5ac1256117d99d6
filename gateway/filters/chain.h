// A route compiled: its filters in the order in which they run, ending in a handler. Made at load, immutable, shared by
// all workers. A route without filters is its handler and costs nothing more.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/balance/upstream.h"
#include "gateway/auth/provider.h"
#include "gateway/cache/store.h"
#include "gateway/config.h"
#include "gateway/filters/filter.h"
#include "gateway/rate_limit/limit.h"
#include "gateway/resilience/places.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

class Chain {
 public:
  explicit Chain(std::unique_ptr<const Handler> handler) : handler_(std::move(handler)) {}

  async::Task<Result<Response>> run(Exchange& exchange) const { return Next(filters_, *handler_)(exchange); }

  void add(std::unique_ptr<const Filter> filter) { filters_.push_back(std::move(filter)); }
  std::vector<std::string> filter_names() const;  // in the order in which they run: "request_headers", …
  bool has_filters() const { return !filters_.empty(); }

 private:
  std::vector<std::unique_ptr<const Filter>> filters_;
  std::unique_ptr<const Handler> handler_;
};

// What filters are made from. Everything but the values of `route` and `pattern` outlives the chain.
struct ChainMaterial {
  const GatewayConfig& config;
  const RouteConfig& route;
  const routing::MatchPattern& pattern;
  std::span<const std::shared_ptr<balance::Upstream>> upstreams;  // in the order of config.upstreams
  std::shared_ptr<Places> places;                                 // the route's, for `concurrency`
  std::span<const std::shared_ptr<const Provider>> providers;     // in the order of config.auth
  std::span<const std::shared_ptr<const Limit>> limits;           // in the order of config.limits
  std::span<const std::shared_ptr<cache::Store>> caches;          // in the order of config.caches
};

// The filters of a route before `handler`. The order in which they run is written in chain.cc, and nowhere else.
Chain compile_chain(const ChainMaterial& material, std::unique_ptr<const Handler> handler);

// Of a part of `route`: only what stands between the gateway and a service.
Chain compile_part_chain(const RouteConfig& route, const PartConfig& part,
                         std::span<const std::shared_ptr<cache::Store>> caches, std::unique_ptr<const Handler> handler);

}  // namespace tandem::gateway
