#include "common/balance/health.h"

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

namespace {

const HealthOptions kOptions{};  // every 2 s, rise 2, fall 3

CheckOutcome passed() { return {.passed = true, .draining = false, .what = "connected"}; }
CheckOutcome failed() { return {.passed = false, .draining = false, .what = "connection refused"}; }
CheckOutcome draining() { return {.passed = false, .draining = true, .what = "status 503"}; }

}  // namespace

TEST_CASE("health: one good answer brings a new server up, `fall` bad ones take it down, `rise` good ones back") {
  HealthTracker tracker;
  CHECK(tracker.health() == Health::checking);
  CHECK(tracker.record(passed(), kOptions, kStart));
  CHECK(tracker.health() == Health::up);
  CHECK(!tracker.record(failed(), kOptions, kStart));
  CHECK(!tracker.record(failed(), kOptions, kStart));
  CHECK(tracker.record(failed(), kOptions, kStart));
  CHECK(tracker.health() == Health::down);
  CHECK(!tracker.record(passed(), kOptions, kStart));
  CHECK(tracker.record(passed(), kOptions, kStart));
  CHECK(tracker.health() == Health::up);
}

TEST_CASE("health: one good check in between ends a row of bad ones") {
  HealthTracker tracker;
  for (const auto& outcome : {passed(), failed(), failed(), passed(), failed(), failed()}) {
    tracker.record(outcome, kOptions, kStart);
  }
  CHECK(tracker.health() == Health::up);
}

TEST_CASE("health: what has not answered when the first round ends is down, and comes up with its first good answer") {
  HealthTracker silent;
  CHECK(silent.end_first_round(kStart));
  CHECK(silent.health() == Health::down);
  CHECK(silent.why() == "1 check failed, last: no answer yet");
  CHECK(silent.record(passed(), kOptions, kStart));
  CHECK(silent.health() == Health::up);
  CHECK(!silent.end_first_round(kStart));
}

TEST_CASE("health: draining is obeyed at once, without counting as broken, and a good answer ends it") {
  HealthTracker tracker;
  tracker.record(passed(), kOptions, kStart);
  CHECK(tracker.record(draining(), kOptions, kStart));
  CHECK(tracker.draining());
  CHECK(tracker.health() == Health::up);
  CHECK(tracker.why() == "it announces that it drains");
  SUBCASE("it comes back") {
    CHECK(tracker.record(passed(), kOptions, kStart));
    CHECK(!tracker.draining());
  }
  SUBCASE("it ends") {
    for (int i = 0; i < 3; ++i) tracker.record(failed(), kOptions, kStart);
    CHECK(tracker.health() == Health::down);
    CHECK(!tracker.draining());
  }
}

TEST_CASE("health: why says how often, what and when") {
  HealthTracker tracker;
  CHECK(tracker.why().empty());
  tracker.record(passed(), kOptions, kStart);
  CHECK(tracker.why().empty());
  for (int i = 0; i < 3; ++i) tracker.record(failed(), kOptions, kStart);
  CHECK(tracker.why() == "3 checks failed, last: connection refused");
  CHECK(tracker.why(kStart + 4s) == "3 checks failed, last: connection refused, 4 s ago");
}

TEST_CASE("health: checks come quicker while in doubt, and jitter spreads them") {
  HealthTracker tracker;
  tracker.record(passed(), kOptions, kStart);
  CHECK(tracker.next_in(kOptions, 0.5) == 2s);
  CHECK(tracker.next_in(kOptions, 0) == 1800ms);
  CHECK(tracker.next_in(kOptions, 1) == 2200ms);
  tracker.record(failed(), kOptions, kStart);
  CHECK(tracker.next_in(kOptions, 0.5) == 500ms);
  tracker.record(failed(), kOptions, kStart);
  tracker.record(failed(), kOptions, kStart);
  CHECK(tracker.next_in(kOptions, 0.5) == 2s);
}
