// How many events of a kind there were lately, and how many of them were marked ones: failures, retries. The time that
// is looked back on is cut into tenths, the oldest of which drops out as a new one begins. Counting is one atomic step
// without a lock; any thread.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "common/base/clock.h"

namespace tandem::gateway {

class RecentCounts {
 public:
  struct Sum {
    std::uint64_t all = 0;
    std::uint64_t marked = 0;
  };

  // `window` is the same in every call, or what was counted before is forgotten step by step; at least 10 ns.
  void add(Instant now, Duration window, std::uint32_t all, std::uint32_t marked);
  Sum sum(Instant now, Duration window) const;
  void clear();

 private:
  static constexpr std::uint64_t kSlots = 10;

  // Each: 16 bits of the tenth's number, 24 of `all`, 24 of `marked`. When one is full both are halved: the share
  // stays.
  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

}  // namespace tandem::gateway
