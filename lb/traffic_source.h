// What lb counts, for the page and its history. Owned by Control, used on the control thread.
#pragma once
#include "common/observe/grouped_counters.h"
#include "common/observe/rate_window.h"
#include "common/observe/traffic.h"
#include "lb/end_kind.h"
#include "lb/generation.h"

namespace tandem::lb {

class TrafficSource final : public observe::TrafficSource {
 public:
  explicit TrafficSource(Lasting& lasting);  // which must outlive it

  // Connections count when they are accepted, errors and refusals when they end.
  observe::Totals sample(Instant at) override;
  // "listeners": [{"name", "rate", "errors", "refused"}], of connections that have ended.
  void write(JsonWriter& json) const override;

 private:
  Lasting& lasting_;
  observe::GroupedCounters connections_;  // by listener; the classes are EndKind's
  observe::GroupedCounters bytes_;        // by direction
  observe::GroupedHistograms responses_;
  observe::RateWindow ended_;
};

}  // namespace tandem::lb
