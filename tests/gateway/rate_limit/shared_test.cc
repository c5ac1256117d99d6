#include "gateway/rate_limit/shared.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/gateway/rate_limit/support.h"

using namespace tandem;
using namespace tandem::gateway;
using namespace tandem::gateway::test;
using namespace std::chrono_literals;

namespace {

redis::Reply numbers(std::initializer_list<std::int64_t> of) {
  redis::Reply reply;
  reply.kind = redis::Reply::Kind::list;
  for (const std::int64_t one : of) {
    redis::Reply& number = reply.list.emplace_back();
    number.kind = redis::Reply::Kind::integer;
    number.integer = one;
  }
  return reply;
}

std::vector<std::string> texts(std::span<const std::string_view> words) { return {words.begin(), words.end()}; }

}  // namespace

TEST_CASE("shared limits: a call names two keys and six arguments for each limit") {
  const auto rate = LimitMaker("a").rate({600, 1min}, 10).make();
  const auto quota = LimitMaker("b").quota("100/month").make(),
             day = LimitMaker("c").rate({7, 1s}, 7).quota("5/day").make();
  std::array charges = {charge_of(*rate, key(1)), charge_of(*quota, key(1), 3), charge_of(*day, key(1))};
  charges[2].report = true;
  const std::string keys[] = {"ip=10.0.0.1", "caller=x", "global=all"};
  const SharedCall call(charges, keys, "gateway:");
  CHECK(texts(call.keys()) == std::vector<std::string>{"gateway:a:ip=10.0.0.1", "gateway:a:ip=10.0.0.1:quota",
                                                       "gateway:b:caller=x", "gateway:b:caller=x:quota",
                                                       "gateway:c:global=all", "gateway:c:global=all:quota"});
  CHECK(texts(call.arguments()) == std::vector<std::string>{"100000", "10", "0", "0", "1", "0", "0", "0", "100", "0",
                                                            "3", "0", "142857.142", "7", "5", "86400", "1", "1"});
}

TEST_CASE("shared limits: the outcome says what charge() would") {
  const auto limit = LimitMaker("a").rate({10, 1s}, 5).quota("9/day").make();
  std::array charges = {charge_of(*limit, key(1), 2)};
  REQUIRE(read_outcome(numbers({1, 1, 250'000, 4, 3'600'000}), charges) == true);
  CHECK(charges[0].fits);
  CHECK(charges[0].rate.left == 2);
  CHECK(charges[0].rate.more == 50ms);
  CHECK(charges[0].quota.left == 5);
  CHECK(charges[0].quota.more == 1h);
  REQUIRE(read_outcome(numbers({0, 0, 420'000, 4, 3'600'000}), charges) == false);
  CHECK_FALSE(charges[0].fits);
  CHECK(charges[0].wait == 120ms);
  REQUIRE(read_outcome(numbers({0, 0, 0, 8, 3'600'000}), charges) == false);
  CHECK(charges[0].wait == 1h);
}

TEST_CASE("shared limits: an outcome that makes no sense is none, and absurd numbers do no harm") {
  const auto limit = LimitMaker("a").rate({10, 1s}, 5).quota("9/day").make();
  std::array charges = {charge_of(*limit, key(1))};
  redis::Reply text;
  text.kind = redis::Reply::Kind::text;
  for (const redis::Reply& wrong : {redis::Reply{}, numbers({}), numbers({1}), numbers({1, 1, 0, 0}),
                                    numbers({1, 1, 0, 0, 0, 0}), numbers({1, 1, -1, 0, 0}), text}) {
    CHECK_FALSE(read_outcome(wrong, charges));
  }
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  REQUIRE(read_outcome(numbers({1, 0, kHuge, kHuge, kHuge}), charges));
  CHECK(charges[0].rate.left == 0);
  CHECK(charges[0].quota.left == 0);
  CHECK(charges[0].wait <= 400 * 24h);
}

TEST_CASE("shared limits: the part of one of many instances") {
  auto maker = LimitMaker("a").rate({60, 1min}, 10).quota("10/day");
  maker.config.instances = 4;
  const auto limit = maker.make();
  const Allowance& part = limit->share_of(limit->allowances().front());
  CHECK(part.rate->interval() == 4s);
  CHECK(part.rate->burst() == 10);
  CHECK(part.quota->count == 3);
  CHECK(part.rate_policy == "\"a\";q=60;w=240");
}
