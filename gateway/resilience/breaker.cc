#include "gateway/resilience/breaker.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/log.h"

namespace tandem::gateway {
namespace {

constexpr Duration kTrialPause = std::chrono::seconds(1);  // while another request is the trial

Instant::rep ticks(Instant when) { return when.time_since_epoch().count(); }
Instant instant(Instant::rep ticks) { return Instant(Duration(ticks)); }

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string_view state_name(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::half_open: return "half_open";
    case Breaker::State::open: return "open";
  }
  return "";
}

std::expected<Breaker::Pass, Duration> Breaker::enter(const BreakerConfig& config, Instant now) {
  const Instant::rep until = open_until_.load(std::memory_order_acquire);
  if (until == 0) return Pass(*this, config, false);
  if (ticks(now) < until) return std::unexpected(instant(until) - now);
  if (trial_.exchange(true)) return std::unexpected(kTrialPause);
  const std::scoped_lock lock(changing_);
  // The trial before this one may have ended since.
  const Instant::rep still = open_until_.load(std::memory_order_relaxed);
  if (still == 0 || ticks(now) < still) {
    trial_ = false;
    if (still == 0) return Pass(*this, config, false);
    return std::unexpected(instant(still) - now);
  }
  if (!std::exchange(told_half_open_, true)) {
    log_info("upstream \"{}\": the breaker is half open: one request at a time is let through", upstream_);
  }
  return Pass(*this, config, true);
}

void Breaker::on_outcome(const BreakerConfig& config, std::uint32_t phase, bool trial, bool failed, Instant now) {
  if (trial) {
    const std::scoped_lock lock(changing_);
    counts_.clear();
    if (failed) {
      open(config, now, "the request that was let through failed");
    } else {
      phase_.fetch_add(1, std::memory_order_relaxed);
      open_until_.store(0, std::memory_order_release);
      log_info("upstream \"{}\": the breaker is closed: the request that was let through was answered", upstream_);
    }
    trial_ = false;
    return;
  }
  // One that was asked before it opened tells nothing new, whatever has become of the breaker since.
  if (phase != phase_.load(std::memory_order_relaxed)) return;
  counts_.add(now, config.within, 1, failed ? 1 : 0);
  if (!failed) return;
  const RecentCounts::Sum sum = counts_.sum(now, config.within);
  if (sum.all < config.of_at_least || static_cast<double>(sum.marked) < config.failures * static_cast<double>(sum.all))
    return;
  const std::scoped_lock lock(changing_);
  if (open_until_.load(std::memory_order_relaxed) != 0) return;
  counts_.clear();
  open(config, now, fmt::format("{} of {} requests failed within {:g} s", sum.marked, sum.all, seconds(config.within)));
}

// changing_ is held.
void Breaker::open(const BreakerConfig& config, Instant now, std::string why) {
  phase_.fetch_add(1, std::memory_order_relaxed);
  open_until_.store(ticks(now + config.open_for), std::memory_order_release);
  told_half_open_ = false;
  log_warn("upstream \"{}\": the breaker is open for {:g} s: {}", upstream_, seconds(config.open_for), why);
}

Breaker::State Breaker::state(Instant now) const {
  const Instant::rep until = open_until_.load(std::memory_order_acquire);
  if (until == 0) return State::closed;
  return ticks(now) < until ? State::open : State::half_open;
}

Duration Breaker::open_for(Instant now) const {
  const Instant::rep until = open_until_.load(std::memory_order_acquire);
  return until == 0 ? Duration::zero() : std::max(instant(until) - now, Duration::zero());
}

}  // namespace tandem::gateway
