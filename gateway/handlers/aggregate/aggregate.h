// [[route.part]]: several services, one answer. The parts are asked side by side, their answers joined into one JSON
// text.
#pragma once
#include <memory>
#include <vector>

#include "common/base/counters.h"
#include "gateway/filters/chain.h"
#include "gateway/handlers/aggregate/plan.h"
#include "gateway/handlers/handler.h"

namespace tandem::gateway {

class AggregateRun;

class Aggregate final : public Handler {
 public:
  // `route` belongs to the generation that the handler is part of, and has been checked; `chains`: of its parts.
  Aggregate(const RouteConfig& route, const routing::MatchPattern& pattern, std::vector<Chain> chains);
  async::Task<Result<Response>> handle(Exchange& exchange) const override;

 private:
  struct Metrics {
    Counter good;
    Histogram seconds;
  };
  Response joined(Exchange& exchange, AggregateRun& run, std::string body) const;
  Response failed(Exchange& exchange, AggregateRun& run) const;
  std::string tell(AggregateRun& run) const;
  void count(std::size_t part, const struct PartState& state) const;

  const RouteConfig& route_;
  const AggregatePlan plan_;
  const std::vector<Chain> chains_;
  std::vector<Metrics> metrics_;
};

}  // namespace tandem::gateway
