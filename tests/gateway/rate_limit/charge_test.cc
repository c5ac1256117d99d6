#include "gateway/rate_limit/charge.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/gateway/rate_limit/support.h"

using namespace tandem;
using namespace tandem::gateway;
using namespace tandem::gateway::test;
using namespace std::chrono_literals;
using limit::Rate;

namespace {

const Instant kStart = Instant{} + 1h;
const WallTime kNoon = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)) + 12h;

bool charge_one(Charge charge, Instant now = kStart, WallTime wall = kNoon) {
  return gateway::charge(std::span(&charge, 1), now, wall);
}

}  // namespace

TEST_CASE("charge: what is left and how long it takes to be more is told") {
  const auto limit = LimitMaker("a").rate({60, 1min}, 3).make();
  Charge one = charge_of(*limit, key(1));
  REQUIRE(charge(std::span(&one, 1), kStart, kNoon));
  CHECK(one.rate.left == 2);
  CHECK(one.rate.more == 1s);
  REQUIRE(charge(std::span(&one, 1), kStart + 400ms, kNoon));
  CHECK(one.rate.left == 1);
  CHECK(one.rate.more == 600ms);
  REQUIRE(charge(std::span(&one, 1), kStart + 400ms, kNoon));
  CHECK_FALSE(charge(std::span(&one, 1), kStart + 400ms, kNoon));
  CHECK(one.rate.left == 0);
  CHECK(one.wait == 600ms);
  CHECK(one.rate.more == one.wait);
  CHECK(charge(std::span(&one, 1), kStart + 1s, kNoon));
}

TEST_CASE("charge: a request of a higher cost takes as much as so many") {
  const auto limit = LimitMaker("a").rate({10, 1s}, 10).make();
  CHECK(charge_one(charge_of(*limit, key(1), 7)));
  Charge four = charge_of(*limit, key(1), 4);
  CHECK_FALSE(charge(std::span(&four, 1), kStart, kNoon));
  CHECK(four.wait == 100ms);
  CHECK(charge_one(charge_of(*limit, key(1), 3)));
  CHECK_FALSE(charge_one(charge_of(*limit, key(1), 1)));
}

TEST_CASE("charge: a quota is used up until its day is over, at whatever rate") {
  const auto limit = LimitMaker("a").quota("3/day").make();
  Charge one = charge_of(*limit, key(1));
  for (int i = 0; i < 3; ++i) CHECK(charge(std::span(&one, 1), kStart, kNoon));
  CHECK(one.quota.left == 0);
  CHECK_FALSE(charge(std::span(&one, 1), kStart, kNoon + 6h));
  CHECK(one.wait == 6h);
  CHECK(charge_one(charge_of(*limit, key(2)), kStart, kNoon + 6h));
  CHECK(charge(std::span(&one, 1), kStart, kNoon + 12h));
  CHECK(one.quota.left == 2);
}

TEST_CASE("charge: rate and quota of a limit are taken together or not at all") {
  const auto limit = LimitMaker("a").rate({10, 1s}, 2).quota("5/day").make();
  Charge one = charge_of(*limit, key(1));
  for (int i = 0; i < 50; ++i) charge(std::span(&one, 1), kStart, kNoon);
  CHECK(one.quota.left == 3);  // what the rate refuses costs nothing of the quota
  for (int i = 0; i < 50; ++i) charge(std::span(&one, 1), kStart + 1h + i * 1s, kNoon);
  CHECK(one.quota.left == 0);
  CHECK(one.rate.left == 2);  // and the other way round
}

TEST_CASE("charge: all limits or none") {
  const auto wide = LimitMaker("wide").rate({10, 1s}, 10).make();
  const auto tight = LimitMaker("tight").rate({1, 1min}, 1).make();
  std::array charges = {charge_of(*wide, key(1)), charge_of(*tight, key(2))};
  CHECK(charge(charges, kStart, kNoon));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(charge(charges, kStart, kNoon));
  CHECK(charges[0].fits);
  CHECK_FALSE(charges[1].fits);
  CHECK(charges[0].rate.left == 9);
  CHECK(charge_one(charge_of(*wide, key(1), 9)));
}

TEST_CASE("charge: a limit that only reports refuses nothing, and is charged only for what came and fitted") {
  const auto enforced = LimitMaker("enforced").rate({10, 1s}, 3).make();
  const auto tried = LimitMaker("tried").rate({10, 1s}, 2).make();
  std::array charges = {charge_of(*tried, key(1)), charge_of(*enforced, key(1))};
  charges[0].report = true;
  for (const bool fits : {true, true, false}) {
    CHECK(charge(charges, kStart, kNoon));
    CHECK(charges[0].fits == fits);
  }
  CHECK_FALSE(charge(charges, kStart + 99ms, kNoon));
}

TEST_CASE("charge: what is given back can be taken again") {
  const auto limit = LimitMaker("a").rate({10, 1s}, 3).quota("3/day").make();
  Charge all = charge_of(*limit, key(1), 3);
  REQUIRE(charge(std::span(&all, 1), kStart, kNoon));
  give_back(std::span(&all, 1), kNoon);
  CHECK(all.rate.left == 3);
  CHECK(all.quota.left == 3);
  REQUIRE(charge(std::span(&all, 1), kStart, kNoon));
  CHECK(all.rate.left == 0);
  CHECK_FALSE(charge_one(charge_of(*limit, key(1))));
  give_back(std::span(&all, 1), kNoon + 24h);  // another day's quota is not touched
  CHECK_FALSE(charge_one(charge_of(*limit, key(1))));
}

TEST_CASE("charge: tiers have their own, and unknown ones the default's") {
  auto maker = LimitMaker("a").rate({10, 1s}, 2).rate({100, 1s}, 20, "gold");
  maker.config.tier_by = RateLimitConfig::TierBy::plan;
  maker.config.rate.values.emplace_back("staff", std::nullopt);
  const auto limit = maker.make();
  CHECK(limit->allowance("gold").rate->burst() == 20);
  CHECK(limit->allowance("gold").rate_policy == "\"a\";q=100;w=1");
  CHECK(limit->allowance("silver").rate->burst() == 2);
  CHECK(limit->allowance("").rate->burst() == 2);
  CHECK_FALSE(limit->allowance("staff").rate);
  Charge free = charge_of(*limit, key(1));
  free.allowance = &limit->allowance("staff");
  for (int i = 0; i < 1000; ++i) CHECK(charge(std::span(&free, 1), kStart, kNoon));
}

TEST_CASE("charge: exact over threads, for several limits that they take in different orders") {
  const auto a = LimitMaker("a").rate({1, 1h}, 1000).quota("2000/day").make();
  const auto b = LimitMaker("b").rate({1, 1h}, 600).make();
  std::atomic<int> both{0}, one{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        std::array charges = {charge_of(*a, key(7)), charge_of(*b, key(9))};
        if (t % 2) std::swap(charges[0], charges[1]);
        both += charge(charges, kStart, kNoon);
        one += charge_one(charge_of(*a, key(7)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(both <= 600);
  CHECK(both + one == 1000);
}
