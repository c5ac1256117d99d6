#include "common/observe/rate_window.h"

#include <numeric>
#include <utility>

namespace tandem::observe {

void RateWindow::look(Instant at, std::span<const std::uint64_t> values) {
  if (at_ - later_.at >= span_) {
    earlier_ = std::exchange(later_, Look{at_, std::exchange(now_, {})});
  }
  at_ = at;
  now_.assign(values.begin(), values.end());
}

std::uint64_t RateWindow::rise(std::size_t index) const {
  if (index >= now_.size()) return 0;
  const std::uint64_t before = index < earlier_.values.size() ? earlier_.values[index] : 0;
  return now_[index] > before ? now_[index] - before : 0;
}

std::vector<std::uint64_t> RateWindow::rises(std::size_t first, std::size_t count) const {
  std::vector<std::uint64_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = rise(first + i);
  return all;
}

double RateWindow::per_second(std::size_t index) const {
  const double over = seconds();
  return over > 0 ? static_cast<double>(rise(index)) / over : 0;
}

std::optional<Duration> quantile(std::span<const std::uint64_t> buckets, std::span<const Duration> bounds, double q) {
  const auto all = static_cast<double>(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}));
  if (all <= 0) return std::nullopt;
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here > 0 && below + here >= q * all) {
      const auto from = static_cast<double>(i == 0 ? 0 : bounds[i - 1].count());
      const auto to = static_cast<double>(bounds[i].count());
      return Duration(static_cast<Duration::rep>(from + (to - from) * (q * all - below) / here));
    }
    below += here;
  }
  return bounds.back();
}

}  // namespace tandem::observe
