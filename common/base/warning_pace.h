// Lets one warning a second through, whichever thread asks: whoever connects must not be able to fill the log.
#pragma once
#include <atomic>

#include "common/base/clock.h"

namespace tandem {

class WarningPace {
 public:
  bool due(Instant now) {
    const Instant::rep at = now.time_since_epoch().count();
    Instant::rep last = warned_at_.load(std::memory_order_relaxed);
    if (last != 0 && at - last < Duration(std::chrono::seconds(1)).count()) return false;
    return warned_at_.compare_exchange_strong(last, at, std::memory_order_relaxed);
  }

 private:
  std::atomic<Instant::rep> warned_at_{0};
};

}  // namespace tandem
