#include "common/limit/rate.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::limit;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant{} + 1h;

// How many of `tries` at `now` are taken.
int taken(const Gcra& rule, Instant& cell, Instant now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) {
    const auto next = rule.take(cell, now);
    if (!next) continue;
    cell = *next;
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("rate: as many as a second's may come at once, and at least one") {
  CHECK(Rate{100, 1s}.default_burst() == 100);
  CHECK(Rate{600, 1min}.default_burst() == 10);
  CHECK(Rate{30, 1min}.default_burst() == 1);
  CHECK(Rate{1, 24h}.default_burst() == 1);
  CHECK(Rate{1'000'000, 1s}.default_burst() == 1'000'000);
}

TEST_CASE("rate: a burst at once, then one an interval") {
  const Gcra rule(Rate{10, 1s});
  Instant cell{};
  CHECK(taken(rule, cell, kStart, 50) == 10);
  CHECK(taken(rule, cell, kStart + 99ms, 50) == 0);
  CHECK(taken(rule, cell, kStart + 100ms, 50) == 1);
  CHECK(taken(rule, cell, kStart + 350ms, 50) == 2);
}

TEST_CASE("rate: a pause earns a burst and no more") {
  const Gcra rule(Rate{10, 1s}, 3);
  Instant cell{};
  CHECK(taken(rule, cell, kStart, 50) == 3);
  CHECK(taken(rule, cell, kStart + 1h, 50) == 3);
}

TEST_CASE("rate: what is refused costs nothing") {
  const Gcra rule(Rate{1, 1s});
  Instant cell{};
  CHECK(taken(rule, cell, kStart, 1) == 1);
  CHECK(taken(rule, cell, kStart + 500ms, 100'000) == 0);
  CHECK(taken(rule, cell, kStart + 1s, 1) == 1);
}

TEST_CASE("rate: over a long time exactly the rate is given") {
  const Gcra rule(Rate{7, 1s});
  Instant cell{};
  int sum = 0;
  for (auto at = 0ms; at < 100s; at += 3ms) sum += taken(rule, cell, kStart + at, 1);
  CHECK(sum >= 700 + 5);
  CHECK(sum <= 700 + 7);
}
