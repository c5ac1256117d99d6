// `concurrency`: how many requests of the route may be under way at a time, all together (beyond: 503 overloaded) or
// those of each caller, address or header (beyond: 429 concurrency_limited). A place is held until the answer's last
// byte, by a WebSocket until it ends.
#pragma once
#include <memory>

#include "gateway/config.h"
#include "gateway/filters/filter.h"
#include "gateway/resilience/places.h"

namespace tandem::gateway {

class Concurrency final : public Filter {
 public:
  Concurrency(ConcurrencyConfig config, std::shared_ptr<Places> places)
      : config_(std::move(config)), places_(std::move(places)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const ConcurrencyConfig config_;
  const std::shared_ptr<Places> places_;
};

}  // namespace tandem::gateway
