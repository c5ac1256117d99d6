#include "common/balance/average.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tandem::balance {
namespace {

std::uint32_t stamp(Instant now) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count());
}
std::uint64_t pack(float average, std::uint32_t when) {
  return std::uint64_t{when} << 32 | std::bit_cast<std::uint32_t>(average);
}
float average_of(std::uint64_t word) { return std::bit_cast<float>(static_cast<std::uint32_t>(word)); }

// Milliseconds since the word's stamp. The stamp wraps around after 49 days; a clock read a little earlier on another
// thread must not look like that.
std::uint32_t age(std::uint64_t word, Instant now) {
  const std::uint32_t since = stamp(now) - static_cast<std::uint32_t>(word >> 32);
  return since > 0xffff'0000U ? 0 : since;
}
double kept(std::uint32_t milliseconds) {
  return std::exp(-static_cast<double>(milliseconds) * 1e6 / kAverageTime.count());
}

}  // namespace

void PeakAverage::add(Duration sample, Instant now) {
  const auto value = static_cast<float>(std::max<Duration::rep>(sample.count(), 1));  // 0 means "no sample"
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = pack(value, stamp(now));
    if (word != 0 && value < average_of(word)) {
      const std::uint32_t since = age(word, now);
      if (since == 0) return;  // the stamp has no finer grain: a thousand steps a second are enough
      const double keep = kept(since);
      next = pack(static_cast<float>(average_of(word) * keep + value * (1 - keep)), stamp(now));
    }
  } while (!word_.compare_exchange_weak(word, next, std::memory_order_relaxed));
}

void PeakAverage::recall(std::uint64_t word) {
  if (std::isnormal(average_of(word)) && average_of(word) > 0) word_.store(word, std::memory_order_relaxed);
}

double PeakAverage::at(Instant now, double rest) const {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  if (word == 0) return 0;
  const double average = average_of(word);
  return rest <= 0 ? average : rest + (average - rest) * kept(age(word, now));
}

double PeakAverage::last() const { return average_of(word_.load(std::memory_order_relaxed)); }

}  // namespace tandem::balance
