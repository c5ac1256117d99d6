// Lets one warning a second through, whichever thread asks, and counts the rest: whoever connects must not be able to
// fill the log.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"

namespace tandem {

class WarningPace {
 public:
  bool due(Instant now) { return passed_over(now).has_value(); }

  // The same: when it is due, how many were not since the last one that was.
  std::optional<std::uint64_t> passed_over(Instant now) {
    if (is_due(now)) return passed_over_.exchange(0, std::memory_order_relaxed);
    passed_over_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  bool is_due(Instant now) {
    const Instant::rep at = now.time_since_epoch().count();
    Instant::rep last = warned_at_.load(std::memory_order_relaxed);
    if (last != 0 && at - last < Duration(std::chrono::seconds(1)).count()) return false;
    return warned_at_.compare_exchange_strong(last, at, std::memory_order_relaxed);
  }

  std::atomic<Instant::rep> warned_at_{0};
  std::atomic<std::uint64_t> passed_over_{0};
};

// What is said of them behind a warning: nothing, or " (and 12 more)".
inline std::string and_more(std::uint64_t passed_over) {
  return passed_over == 0 ? std::string() : " (and " + std::to_string(passed_over) + " more)";
}

}  // namespace tandem
