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
    cell = next ? *next : rule.bounded(cell, now);
    count += next.has_value();
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

TEST_CASE("rate: a cost is taken whole or not at all") {
  const Gcra rule(Rate{10, 1s}, 5);
  Instant cell{};
  cell = *rule.take(cell, kStart, 4);
  CHECK(rule.left(cell, kStart) == 1);
  CHECK_FALSE(rule.take(cell, kStart, 2));
  CHECK(rule.wait(cell, kStart, 2) == 100ms);
  CHECK(rule.take(cell, kStart + 100ms, 2));
  CHECK_FALSE(rule.take(cell, kStart + 1h, 6));  // more than a burst
}

TEST_CASE("rate: what is given back was never taken") {
  const Gcra rule(Rate{10, 1s}, 5);
  Instant cell{};
  cell = *rule.take(cell, kStart, 5);
  cell = rule.give_back(cell, 2);
  CHECK(rule.left(cell, kStart) == 2);
  cell = rule.give_back(cell, 3);
  CHECK(taken(rule, cell, kStart, 50) == 5);  // and no more than a burst
}

TEST_CASE("rate: a clock that is set back refuses nobody for longer than a burst") {
  const Gcra rule(Rate{10, 1s}, 5);
  Instant cell{};
  CHECK(taken(rule, cell, kStart, 50) == 5);
  const Instant back = kStart - 30min;
  CHECK(rule.wait(cell, back) == 100ms);
  CHECK(taken(rule, cell, back, 50) == 0);
  CHECK(taken(rule, cell, back + 100ms, 50) == 1);
  CHECK(taken(rule, cell, back + 1s, 50) == 5);
}

TEST_CASE("rate: a clock that is set forward gives a burst and no more") {
  const Gcra rule(Rate{10, 1s}, 5);
  Instant cell{};
  CHECK(taken(rule, cell, kStart, 50) == 5);
  CHECK(taken(rule, cell, kStart + 24h, 50) == 5);
}

TEST_CASE("rate: another rule goes on with what has been taken, up to a burst of its own") {
  const Gcra slow(Rate{1, 1h}, 10), quick(Rate{10, 1s}, 10);
  Instant cell{};
  CHECK(taken(slow, cell, kStart, 50) == 10);
  CHECK(taken(quick, cell, kStart, 50) == 0);
  CHECK(taken(quick, cell, kStart + 1s, 50) == 10);
}
