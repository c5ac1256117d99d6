#include "gateway/rate_limit/fields.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/gateway/rate_limit/support.h"

using namespace tandem;
using namespace tandem::gateway;
using namespace tandem::gateway::test;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant{} + 1h;
const WallTime kNoon = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)) + 12h;

}  // namespace

TEST_CASE("limit fields: each phase adds to the lists") {
  const auto rate = LimitMaker("per_ip").rate({600, 1min}, 10).make();
  auto with_quota = LimitMaker("per_caller").rate({1, 1s}, 1).quota("1000/month");
  const auto both = with_quota.make();
  std::array first = {charge_of(*rate, key(1))}, second = {charge_of(*both, key(1))};
  REQUIRE(charge(first, kStart, kNoon));
  REQUIRE(charge(second, kStart, kNoon));
  LimitFields fields;
  CHECK(fields.empty());
  fields.add(first);
  CHECK(fields.policy() == "\"per_ip\";q=600;w=60");
  CHECK(fields.state() == "\"per_ip\";r=9;t=1");
  fields.add(second);
  CHECK(fields.policy() == "\"per_ip\";q=600;w=60, \"per_caller\";q=1;w=1, \"per_caller-quota\";q=1000;w=2592000");
  CHECK(fields.state() == "\"per_ip\";r=9;t=1, \"per_caller\";r=0;t=1, \"per_caller-quota\";r=999;t=561600");
  CHECK_FALSE(fields.has_legacy());
}

TEST_CASE("limit fields: nothing of limits that only report, or are to be silent") {
  auto silent = LimitMaker("silent").rate({1, 1s}, 1);
  silent.config.fields = LimitFieldsMode::off;
  const auto off = silent.make(), tried = LimitMaker("tried").rate({1, 1s}, 1).make();
  std::array charges = {charge_of(*off, key(1)), charge_of(*tried, key(1))};
  charges[1].report = true;
  REQUIRE(charge(charges, kStart, kNoon));
  LimitFields fields;
  fields.add(charges);
  CHECK(fields.empty());
}

TEST_CASE("limit fields: the older ones tell of the tightest") {
  auto old = LimitMaker("a").rate({100, 1s}, 50).quota("20/day");
  old.config.fields = LimitFieldsMode::both;
  const auto limit = old.make();
  std::array charges = {charge_of(*limit, key(1))};
  REQUIRE(charge(charges, kStart, kNoon));
  LimitFields fields;
  fields.add(charges);
  REQUIRE(fields.has_legacy());
  CHECK(fields.legacy().limit == 20);
  CHECK(fields.legacy().remaining == 19);
  CHECK(fields.legacy().reset == 12 * 3600);
}
