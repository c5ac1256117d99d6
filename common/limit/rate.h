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
// at the rate; one more is refused while that lies further ahead than the burst allows. What is refused costs nothing.
class Gcra {
 public:
  explicit Gcra(Rate rate) : Gcra(rate, rate.default_burst()) {}
  Gcra(Rate rate, std::uint64_t burst)
      : interval_(rate.interval()), tolerance_(interval_ * static_cast<Duration::rep>(burst - 1)) {}

  // The cell's new time if one more may come at `now`; nothing: refused.
  std::optional<Instant> take(Instant cell, Instant now) const {
    const Instant paid = std::max(cell, now);
    if (paid - now > tolerance_) return std::nullopt;
    return paid + interval_;
  }
  // How long until one more may come; zero: now.
  Duration wait(Instant cell, Instant now) const {
    return std::max<Duration>(std::max(cell, now) - now - tolerance_, Duration::zero());
  }

 private:
  Duration interval_;   // between two at the rate
  Duration tolerance_;  // how far ahead a cell may be
};

}  // namespace tandem::limit
