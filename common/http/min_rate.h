// The least rate at which the other side must give or take a message. Time that was spent waiting for it is paid for by
// the bytes that have passed, and a grace at the beginning; so pauses are fine as long as the whole keeps the rate, and
// time spent on our own side does not count. A value, one for each message and direction.
#pragma once
#include <algorithm>
#include <cstdint>

#include "common/base/clock.h"

namespace tandem::http {

class MinRate {
 public:
  static constexpr Duration kGrace = std::chrono::seconds(5);

  MinRate() = default;  // none
  explicit MinRate(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // How long the next wait may last, when `passed` bytes have.
  Instant deadline(Instant now, std::uint64_t passed) const {
    if (bytes_per_second_ == 0) return kNoDeadline;
    constexpr double kLongest = 1e9;  // seconds; some thirty years
    const double earned = std::min(kLongest, static_cast<double>(passed) / static_cast<double>(bytes_per_second_));
    const auto paid = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(earned));
    return now + (kGrace + paid - waited_);
  }
  void waited(Duration took) { waited_ += took; }

 private:
  std::uint64_t bytes_per_second_ = 0;
  Duration waited_{};
};

}  // namespace tandem::http
