// What is remembered of an upstream or a route beyond any configuration generation, found again by its name: a reload
// neither closes a breaker nor fills a budget, and the requests that run go on counting. Holds nothing alive: what no
// generation uses is forgotten. The control thread's.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "gateway/auth/provider.h"
#include "gateway/cache/store.h"
#include "gateway/rate_limit/limit.h"
#include "gateway/redis/health.h"
#include "gateway/resilience/breaker.h"
#include "gateway/resilience/places.h"
#include "gateway/resilience/retry_budget.h"

namespace tandem::gateway {

struct UpstreamHistory {
  explicit UpstreamHistory(const std::string& upstream) : breaker(upstream) {}

  RetryBudget budget;
  Breaker breaker;
};

class StateRegistry {
 public:
  std::shared_ptr<UpstreamHistory> upstream(const std::string& name);
  std::shared_ptr<Places> places(const std::string& route);
  std::shared_ptr<AuthHistory> auth(const std::string& provider);
  std::shared_ptr<LimitState> limit(const std::string& name, std::size_t max_keys);  // other sizes are others
  std::shared_ptr<redis::Health> redis(const std::string& name);
  std::shared_ptr<cache::Store> cache(const std::string& name);

 private:
  std::map<std::string, std::weak_ptr<UpstreamHistory>> upstreams_;
  std::map<std::string, std::weak_ptr<Places>> places_;
  std::map<std::string, std::weak_ptr<AuthHistory>> auth_;
  std::map<std::string, std::weak_ptr<LimitState>> limits_;
  std::map<std::string, std::weak_ptr<redis::Health>> redis_;
  std::map<std::string, std::weak_ptr<cache::Store>> caches_;
};

}  // namespace tandem::gateway
