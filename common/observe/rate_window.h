// What counters have risen by lately: between now and a look that lies one to two spans back. Two looks are kept,
// however many counters and seconds there are. One thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/base/clock.h"

namespace tandem::observe {

class RateWindow {
 public:
  // `start`: when all counters were at 0.
  RateWindow(Duration span, Instant start) : span_(span), earlier_{start, {}}, later_{start, {}} {}

  // The counters as they are; those at the end may be new. Rises refer to it until the next look.
  void look(Instant at, std::span<const std::uint64_t> values);

  std::uint64_t rise(std::size_t index) const;  // 0 for one that was never looked at
  std::vector<std::uint64_t> rises(std::size_t first, std::size_t count) const;
  double seconds() const { return to_seconds(at_ - earlier_.at); }
  double per_second(std::size_t index) const;

 private:
  struct Look {
    Instant at;
    std::vector<std::uint64_t> values;
  };
  const Duration span_;
  Look earlier_;
  Look later_;
  Instant at_{earlier_.at};
  std::vector<std::uint64_t> now_;
};

// The value below which the share `q` of what was observed lies, by what stands in each bucket (the last one has no
// upper bound) and evenly spread within it. Nothing when nothing was observed; the last bound at most.
std::optional<Duration> quantile(std::span<const std::uint64_t> buckets, std::span<const Duration> bounds, double q);

}  // namespace tandem::observe
