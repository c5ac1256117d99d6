#include "gateway/resilience/retry_budget.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant(1000h);

int taken(RetryBudget& budget, double share, Instant now) {
  int count = 0;
  while (count < 10'000 && budget.take(share, now)) ++count;
  return count;
}

}  // namespace

TEST_CASE("retry budget: ten retries in ten seconds are always there") {
  RetryBudget budget;
  CHECK(taken(budget, 0.2, kStart) == 10);
  CHECK(taken(budget, 0.2, kStart + 9s) == 0);
  CHECK(taken(budget, 0.2, kStart + 10s) == 10);
}

TEST_CASE("retry budget: beyond that a share of the requests of the last ten seconds") {
  RetryBudget budget;
  for (int i = 0; i < 200; ++i) budget.note_request(kStart);
  CHECK(taken(budget, 0.2, kStart) == 40);
  for (int i = 0; i < 100; ++i) budget.note_request(kStart + 5s);
  CHECK(taken(budget, 0.2, kStart + 5s) == 20);
  CHECK(taken(budget, 0.2, kStart + 12s) == 0);  // 100 requests and their 20 retries are left
}
