#include "gateway/resilience/recent_counts.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono_literals;

namespace {
const Instant kStart = Instant(1000h);
}

TEST_CASE("recent counts: what is older than the window drops out, a tenth at a time") {
  RecentCounts counts;
  counts.add(kStart, 10s, 4, 1);
  counts.add(kStart + 5s, 10s, 2, 2);
  CHECK(counts.sum(kStart + 9s, 10s).all == 6);
  CHECK(counts.sum(kStart + 9s, 10s).marked == 3);
  CHECK(counts.sum(kStart + 10s, 10s).all == 2);
  CHECK(counts.sum(kStart + 15s, 10s).all == 0);
  counts.add(kStart + 20s, 10s, 1, 0);  // in the place of what came first
  CHECK(counts.sum(kStart + 20s, 10s).all == 1);
}

TEST_CASE("recent counts: nothing is lost between threads") {
  RecentCounts counts;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 20'000; ++n) counts.add(kStart, 10s, 1, n % 2);
      });
    }
  }
  CHECK(counts.sum(kStart, 10s).all == 80'000);
  CHECK(counts.sum(kStart, 10s).marked == 40'000);
}

TEST_CASE("recent counts: more than a tenth can hold keeps its share") {
  RecentCounts counts;
  for (int i = 0; i < 100; ++i) counts.add(kStart, 10s, 1'000'000, 250'000);
  const auto sum = counts.sum(kStart, 10s);
  CHECK(sum.all > 1'000'000);
  CHECK(static_cast<double>(sum.marked) / static_cast<double>(sum.all) == doctest::Approx(0.25).epsilon(0.01));
}
