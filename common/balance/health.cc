#include "common/balance/health.h"

#include <algorithm>

#include <fmt/format.h>

namespace tandem::balance {
namespace {

constexpr Duration kQuickest = std::chrono::milliseconds(50);

std::string ago(Duration since) {
  using namespace std::chrono;
  if (since < 1s)
    return fmt::format("{} ms ago", std::max<std::int64_t>(duration_cast<milliseconds>(since).count(), 0));
  if (since < 2min) return fmt::format("{} s ago", duration_cast<seconds>(since).count());
  if (since < 2h) return fmt::format("{} min ago", duration_cast<minutes>(since).count());
  return fmt::format("{} h ago", duration_cast<hours>(since).count());
}

}  // namespace

bool HealthTracker::record(CheckOutcome outcome, const HealthOptions& options, Instant now) {
  const Health before = health_;
  const bool was_draining = draining_;
  ++outcomes_;
  last_at_ = now;
  if (!outcome.passed && !outcome.admin) outcome.admin = last_.admin;  // when it fails one wants to look there
  last_ = std::move(outcome);
  if (last_.draining) {
    // It answers, so it is not broken; what it has goes on. Neither count moves.
    draining_ = true;
    return !was_draining;
  }
  if (last_.passed) {
    draining_ = false;
    failed_in_a_row_ = 0;
    ++passed_in_a_row_;
    if (health_ != Health::up && passed_in_a_row_ >= (was_up_ ? options.rise : 1)) health_ = Health::up;
    was_up_ = was_up_ || health_ == Health::up;
  } else {
    passed_in_a_row_ = 0;
    ++failed_in_a_row_;
    if (health_ != Health::down && failed_in_a_row_ >= options.fall) {
      health_ = Health::down;
      draining_ = false;
    }
  }
  return health_ != before || draining_ != was_draining;
}

HealthTracker::Memory HealthTracker::memory() const {
  return {health_,   draining_,    was_up_,    passed_in_a_row_, failed_in_a_row_,
          outcomes_, last_.passed, last_.what, last_at_};
}

void HealthTracker::recall(Memory memory) {
  health_ = memory.health;
  draining_ = memory.draining;
  was_up_ = memory.was_up;
  passed_in_a_row_ = memory.passed_in_a_row;
  failed_in_a_row_ = memory.failed_in_a_row;
  outcomes_ = memory.outcomes;
  last_ = {.passed = memory.last_passed, .draining = memory.draining, .what = std::move(memory.last_what)};
  last_at_ = memory.last_at;
}

bool HealthTracker::end_first_round(Instant now) {
  if (health_ != Health::checking) return false;
  health_ = Health::down;
  if (!checked()) {
    last_ = {.passed = false, .draining = false, .what = "no answer yet"};
    last_at_ = now;
    failed_in_a_row_ = 1;
  }
  return true;
}

bool HealthTracker::in_doubt() const {
  switch (health_) {
    case Health::checking: return true;
    case Health::up: return failed_in_a_row_ > 0;
    case Health::down: return passed_in_a_row_ > 0;
  }
  return false;
}

Duration HealthTracker::next_in(const HealthOptions& options, double jitter) const {
  const double moved = static_cast<double>(options.every.count()) * (0.9 + 0.2 * jitter);
  const Duration interval(static_cast<Duration::rep>(moved));
  return in_doubt() ? std::min(interval, std::max(interval / 4, kQuickest)) : interval;
}

std::string HealthTracker::why() const {
  if (!checked() && health_ != Health::down) return {};
  if (draining_) return "it announces that it drains";
  if (failed_in_a_row_ == 0) return {};
  return fmt::format("{} check{} failed, last: {}", failed_in_a_row_, failed_in_a_row_ == 1 ? "" : "s", last_.what);
}

std::string HealthTracker::why(Instant now) const {
  std::string text = why();
  if (!text.empty()) text += ", " + ago(now - last_at_);
  return text;
}

}  // namespace tandem::balance
