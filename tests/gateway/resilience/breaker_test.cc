#include "gateway/resilience/breaker.h"

#include <doctest/doctest.h>

#include <optional>

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant(1000h);
const BreakerConfig kConfig = {.on = true, .failures = 0.5, .of_at_least = 4, .within = 10s, .open_for = 5s};

// One request: '+' answered, '-' failed, '.' left without an outcome, 'x' was refused.
char ask(Breaker& breaker, char outcome, Instant now) {
  auto pass = breaker.enter(kConfig, now);
  if (!pass) return 'x';
  if (outcome != '.') pass->report(outcome == '-', now);
  return outcome;
}

std::string ask_all(Breaker& breaker, std::string_view outcomes, Instant now) {
  std::string seen;
  for (const char outcome : outcomes) seen += ask(breaker, outcome, now);
  return seen;
}

}  // namespace

TEST_CASE("breaker: opens at the share of failures, but not on fewer requests than it needs") {
  Breaker few("few");
  CHECK(ask_all(few, "---+++", kStart) == "---+++");
  Breaker breaker("a");
  CHECK(ask_all(breaker, "---", kStart) == "---");
  CHECK(breaker.state(kStart) == Breaker::State::closed);
  CHECK(ask_all(breaker, "-+++", kStart) == "-xxx");
  CHECK(breaker.state(kStart) == Breaker::State::open);
  CHECK(breaker.enter(kConfig, kStart + 2s).error() == 3s);
}

TEST_CASE("breaker: failures that are long ago do not count") {
  Breaker breaker("a");
  CHECK(ask_all(breaker, "---", kStart) == "---");
  CHECK(ask_all(breaker, "-+++", kStart + 11s) == "-+++");
  CHECK(breaker.state(kStart + 11s) == Breaker::State::closed);
}

TEST_CASE("breaker: half open, one trial at a time decides") {
  Breaker breaker("a");
  ask_all(breaker, "----", kStart);
  const Instant later = kStart + 5s;
  CHECK(breaker.state(later) == Breaker::State::half_open);
  {
    auto trial = breaker.enter(kConfig, later);
    REQUIRE(trial);
    CHECK(ask(breaker, '+', later) == 'x');
    trial->report(true, later);
  }
  CHECK(breaker.state(later) == Breaker::State::open);
  CHECK(ask(breaker, '+', later + 4s) == 'x');
  CHECK(ask(breaker, '+', later + 5s) == '+');
  CHECK(breaker.state(later + 5s) == Breaker::State::closed);
  CHECK(ask_all(breaker, "---", later + 5s) == "---");  // begins anew: three failures are too few again
  CHECK(breaker.state(later + 5s) == Breaker::State::closed);
}

TEST_CASE("breaker: a trial without an outcome leaves its place to the next request") {
  Breaker breaker("a");
  ask_all(breaker, "----", kStart);
  CHECK(ask_all(breaker, "..", kStart + 6s) == "..");
  std::optional<Breaker::Pass> moved;
  {
    auto trial = breaker.enter(kConfig, kStart + 6s);
    REQUIRE(trial);
    moved = std::move(*trial);
  }
  CHECK(ask(breaker, '+', kStart + 6s) == 'x');
  moved.reset();
  CHECK(ask(breaker, '+', kStart + 6s) == '+');
}

TEST_CASE("breaker: what was asked before it opened changes nothing when it ends") {
  Breaker breaker("a");
  auto slow = breaker.enter(kConfig, kStart);
  REQUIRE(slow);
  ask_all(breaker, "----", kStart);
  slow->report(false, kStart + 1s);
  CHECK(breaker.state(kStart + 1s) == Breaker::State::open);
}

TEST_CASE("breaker: what was asked before it opened is not counted after it has closed again") {
  Breaker breaker("a");
  std::vector<Breaker::Pass> slow;
  for (int i = 0; i < 8; ++i) slow.push_back(*breaker.enter(kConfig, kStart));
  ask_all(breaker, "----", kStart);
  CHECK(ask(breaker, '+', kStart + kConfig.open_for) == '+');
  CHECK(breaker.state(kStart + kConfig.open_for) == Breaker::State::closed);
  for (auto& pass : slow) pass.report(true, kStart + kConfig.open_for);
  CHECK(breaker.state(kStart + kConfig.open_for) == Breaker::State::closed);
}
