// The running average of a server's times, in one 64-bit word that all workers update by compare-and-swap: the low
// half is the average (a float, nanoseconds), the high half when it last changed (milliseconds). A "peak" average: a
// slower sample counts at once, faster ones bring it down with time.
#pragma once
#include <atomic>
#include <cstdint>

#include "common/base/clock.h"

namespace tandem::balance {

inline constexpr Duration kAverageTime = std::chrono::seconds(3);  // in which a difference shrinks to 37 %

class PeakAverage {
 public:
  void add(Duration sample, Instant now);

  // The average in nanoseconds at `now`; 0 without any sample. Time without samples draws it towards `rest` (the
  // median of the upstream): a server that was slow long ago deserves a try, and one that was fast gets no credit for
  // it.
  double at(Instant now, double rest) const;

  double last() const;  // without any decay
  // As it is kept, for the process that replaces this one; what is no average is not taken.
  std::uint64_t word() const { return word_.load(std::memory_order_relaxed); }
  void recall(std::uint64_t word);

  bool empty() const { return word_.load(std::memory_order_relaxed) == 0; }

 private:
  std::atomic<std::uint64_t> word_{0};
};

}  // namespace tandem::balance
