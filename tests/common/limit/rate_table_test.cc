#include "common/limit/rate_table.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

using namespace tandem;
using namespace tandem::limit;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant{} + 1h;

Key key(std::uint64_t number) {
  Key key{};
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}

}  // namespace

TEST_CASE("rate table: each caller has the rate") {
  RateTable table;
  const Gcra rule(Rate{2, 1s});
  for (std::uint64_t caller = 0; caller < 1000; ++caller) {
    CHECK(table.take(key(caller), rule, kStart));
    CHECK(table.take(key(caller), rule, kStart));
    CHECK_FALSE(table.take(key(caller), rule, kStart));
  }
  CHECK(table.take(key(7), rule, kStart + 500ms));
}

TEST_CASE("rate table: a million other callers do not reset one that is at its limit") {
  RateTable table(4096);
  const Gcra rule(Rate{100, 1s});
  const Key busy = key(0);
  int taken = 0;
  for (std::uint64_t other = 1; other <= 1'000'000; ++other) {
    const Instant now = kStart + std::chrono::microseconds(other);  // a second in all
    if (other % 100 == 0 && table.take(busy, rule, now)) ++taken;   // 10,000 a second
    CHECK(table.take(key(other), rule, now));
  }
  CHECK(taken <= 200);  // a burst and a second's
  CHECK(taken >= 190);
}

TEST_CASE("rate table: the rate is one over all threads") {
  RateTable table;
  const Gcra rule(Rate{1000, 1s});
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) taken += table.take(key(1), rule, kStart);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(taken == 1000);
}
