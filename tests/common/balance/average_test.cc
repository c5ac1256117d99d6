#include "common/balance/average.h"

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

TEST_CASE("average: a slower sample counts at once, faster ones bring it down with time") {
  PeakAverage average;
  CHECK(average.empty());
  CHECK(average.at(kStart, 5e6) == 0);
  average.add(2ms, kStart);
  average.add(40ms, kStart + 1ms);
  CHECK(average.last() == doctest::Approx(40e6));
  average.add(2ms, kStart + 1ms);
  CHECK(average.last() == doctest::Approx(40e6));
  for (auto t = 2ms; t < 3000ms; t += 1ms) average.add(2ms, kStart + t);
  CHECK(average.last() == doctest::Approx(2e6 + 38e6 * 0.3679).epsilon(0.01));
}

TEST_CASE("average: without samples it drifts to the median, from both sides") {
  PeakAverage slow;
  PeakAverage fast;
  slow.add(40ms, kStart);
  fast.add(1ms, kStart);
  CHECK(slow.at(kStart, 2e6) == doctest::Approx(40e6));
  CHECK(slow.at(kStart + 30s, 2e6) == doctest::Approx(2e6).epsilon(0.01));
  CHECK(fast.at(kStart + 30s, 2e6) == doctest::Approx(2e6).epsilon(0.01));
  CHECK(fast.at(kStart + 30s, 0) == doctest::Approx(1e6));
  CHECK(fast.at(kStart - 1s, 2e6) == doctest::Approx(1e6));
}
