// How many retries an upstream may be burdened with: a share of its requests of the last 10 s, but at least 10, so that
// a service in trouble does not get a multiple of its load. Kept by the upstream's name over reloads; any thread.
#pragma once
#include <algorithm>

#include "gateway/resilience/recent_counts.h"

namespace tandem::gateway {

class RetryBudget {
 public:
  static constexpr std::uint64_t kFloor = 10;
  static constexpr Duration kWindow = std::chrono::seconds(10);

  void note_request(Instant now) { counts_.add(now, kWindow, 1, 0); }

  // Takes one retry out of the budget; false when there is none.
  bool take(double share, Instant now) {
    const RecentCounts::Sum sum = counts_.sum(now, kWindow);
    const auto allowed = static_cast<std::uint64_t>(share * static_cast<double>(sum.all));
    if (sum.marked >= std::max(allowed, kFloor)) return false;
    counts_.add(now, kWindow, 0, 1);
    return true;
  }

 private:
  RecentCounts counts_;
};

}  // namespace tandem::gateway
