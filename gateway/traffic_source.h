// What gateway counts, for the page and its history. Owned by Control, used on the control thread.
#pragma once
#include <functional>
#include <memory>

#include "common/observe/grouped_counters.h"
#include "common/observe/rate_window.h"
#include "common/observe/traffic.h"
#include "common/process/connection_limit.h"
#include "gateway/generation.h"

namespace tandem::gateway {

class TrafficSource final : public observe::TrafficSource {
 public:
  static constexpr std::size_t kMostRoutes = 100;  // that are told of

  using Present = std::function<const Generation&()>;  // the generation in force
  // `limits` must outlive it.
  TrafficSource(Present present, process::ConnectionLimits& limits);

  // Errors are answers of 500 and above, refusals those of 400 and above.
  observe::Totals sample(Instant at) override;

  // "routes": [{"name", "match", "rate", "p50_ms", "p99_ms", "client_errors", "too_many", "errors", "cache_share",
  // "total"}], the busiest first, and "routes_quiet": how many are not among them. Rates are per second; client_errors
  // are 4xx without 429, which is too_many; cache_share are those for which the service was not asked. "refusals":
  // [{"route", "reason", "rate", "total"}], of what the gateway answered itself or broke off, likewise.
  void write(JsonWriter& json) const override;

 private:
  enum Class : std::uint8_t { good, client_error, too_many, error, kClasses };
  struct Busy;

  static std::size_t class_of(const Labels& labels);
  std::vector<Busy> busiest(std::size_t most) const;
  void write_route(JsonWriter& json, const Busy& busy) const;
  void write_cache_share(JsonWriter& json, std::string_view route) const;
  void write_refusals(JsonWriter& json) const;

  const Present present_;
  process::ConnectionLimits& limits_;
  observe::GroupedCounters requests_;  // by route
  observe::GroupedHistograms seconds_;
  observe::GroupedCounters bytes_;    // by direction
  observe::GroupedCounters cached_;   // by route; the second class: without asking the service
  observe::GroupedCounters refused_;  // by route and reason
  observe::RateWindow answered_;
  observe::RateWindow cached_lately_;
  observe::RateWindow refused_lately_;
  observe::RateWindow times_;
};

}  // namespace tandem::gateway
