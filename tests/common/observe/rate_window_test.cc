#include "common/observe/rate_window.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {

using Values = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("rate window: from the start on, then over one to two spans") {
  const Instant start{100s};
  RateWindow window(5s, start);
  Values count{0};
  for (int second = 1; second <= 60; ++second) {
    count[0] += 10;
    window.look(start + std::chrono::seconds(second), count);
    CHECK(window.per_second(0) == doctest::Approx(10));
    if (second <= 5) CHECK(window.seconds() == second);
    if (second > 5) CHECK((window.seconds() >= 5 && window.seconds() <= 10));
  }
}

TEST_CASE("rate window: a burst is forgotten after two spans, and one in between is not") {
  const Instant start{100s};
  RateWindow window(5s, start);
  window.look(start + 1s, Values{1000});
  for (int second = 2; second <= 5; ++second) window.look(start + std::chrono::seconds(second), Values{1000});
  CHECK(window.rise(0) == 1000);
  for (int second = 6; second <= 12; ++second) window.look(start + std::chrono::seconds(second), Values{1000});
  CHECK(window.rise(0) == 0);
}

TEST_CASE("rate window: counters that are new count from 0, those that nobody knows not at all") {
  const Instant start{100s};
  RateWindow window(1s, start);
  window.look(start + 1s, Values{5});
  window.look(start + 2s, Values{5, 8});
  window.look(start + 3s, Values{6, 9});
  CHECK(window.rises(0, 3) == Values{1, 9, 0});
}

TEST_CASE("quantile: evenly within a bucket, at most the last bound, nothing of nothing") {
  const std::array<Duration, 3> bounds = {1ms, 10ms, 100ms};
  CHECK(!quantile(Values{0, 0, 0, 0}, bounds, 0.5));
  CHECK(*quantile(Values{10, 0, 0, 0}, bounds, 0.5) == 500us);
  CHECK(*quantile(Values{0, 10, 0, 0}, bounds, 0.5) == 5500us);
  CHECK(*quantile(Values{50, 0, 50, 0}, bounds, 0.5) == 1ms);
  CHECK(*quantile(Values{50, 0, 50, 0}, bounds, 0.99) == 98'200us);
  CHECK(*quantile(Values{0, 0, 0, 7}, bounds, 0.5) == 100ms);
  CHECK(*quantile(Values{1, 0, 0, 0}, bounds, 0.0) == 0ms);
}
