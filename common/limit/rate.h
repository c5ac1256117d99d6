// A rate, as configurations write it ("100/s"), and how it is kept to: GCRA, the leaky bucket as a meter. What has been
// taken at a rate is one point in time; so a cell is 8 bytes, there are no timers, and it forgets by itself.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace tandem::limit {

struct Rate {
  std::uint64_t count = 1;
  Duration period = std::chrono::seconds(1);

  Duration interval() const { return period / static_cast<Duration::rep>(count); }
  // How many may come at once after a pause, where nothing else is said: what the rate allows in a second, at least 1.
  std::uint64_t default_burst() const {
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::chrono::seconds(1) / interval()));
  }
  bool operator==(const Rate&) const = default;
};

// The generic cell rate algorithm (ITU-T I.371). A cell holds the time at which everything taken so far will have come
// at the rate; more is refused while that would lie further ahead than the burst allows. What is refused costs nothing.
// A cell that is further ahead than a whole burst was made by another rule, or before the clock was set back: whoever
// keeps cells puts bounded() in its place, a burst that has just been taken, so that it is not refused for longer.
class Gcra {
 public:
  explicit Gcra(Rate rate) : Gcra(rate, rate.default_burst()) {}
  // `burst` intervals must fit a Duration. `cost` below: at most the burst, else it is never taken.
  Gcra(Rate rate, std::uint64_t burst) : interval_(rate.interval()), full_(times(burst)) {}

  // The cell's new time if `cost` more may come at `now`; nothing: refused.
  std::optional<Instant> take(Instant cell, Instant now, std::uint64_t cost = 1) const {
    const Duration ahead = debt(cell, now) + times(cost);
    if (ahead > full_) return std::nullopt;
    return now + ahead;
  }
  // What take() has counted is taken back.
  Instant give_back(Instant cell, std::uint64_t cost = 1) const { return cell - times(cost); }
  // How long until `cost` more may come; zero: now.
  Duration wait(Instant cell, Instant now, std::uint64_t cost = 1) const {
    return std::max<Duration>(debt(cell, now) + times(cost) - full_, Duration::zero());
  }
  Instant bounded(Instant cell, Instant now) const { return std::min(cell, now + full_); }
  // How many more may come at `now`.
  std::uint64_t left(Instant cell, Instant now) const {
    return static_cast<std::uint64_t>((full_ - debt(cell, now)) / interval_);
  }
  // How far the cell is ahead of `now`: from nothing to a burst.
  Duration debt(Instant cell, Instant now) const { return std::clamp<Duration>(cell - now, Duration::zero(), full_); }

  Duration interval() const { return interval_; }
  std::uint64_t burst() const { return static_cast<std::uint64_t>(full_ / interval_); }

 private:
  Duration times(std::uint64_t count) const { return interval_ * static_cast<Duration::rep>(count); }

  Duration interval_;  // between two at the rate
  Duration full_;      // what a whole burst takes at the rate
};

}  // namespace tandem::limit
