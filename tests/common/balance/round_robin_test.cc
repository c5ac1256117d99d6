#include "common/balance/round_robin.h"

#include <algorithm>
#include <thread>

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;

TEST_CASE("round_robin: weights 5,1,1 come in their shares and never bunch") {
  Upstream upstream(upstream_of(Policy::round_robin, {5, 1, 1}));
  all_up(upstream);
  CHECK(names(upstream, 14) == "abaaacaabaaaca");
}

TEST_CASE("round_robin: equal weights are a plain rotation") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1, 1}));
  all_up(upstream);
  CHECK(names(upstream, 6) == "abcabc");
  Upstream heavy(upstream_of(Policy::round_robin, {100, 100}));
  all_up(heavy);
  CHECK(names(heavy, 4) == "abab");
}

TEST_CASE("round_robin: shares are exact over several threads") {
  Upstream upstream(upstream_of(Policy::round_robin, {5, 1, 1}));
  all_up(upstream);
  const std::uint64_t before = upstream.servers()[0]->picks();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { names(upstream, 1750); });
  }
  threads.clear();
  CHECK(upstream.servers()[0]->picks() - before == 5000);
  CHECK(upstream.servers()[0]->in_flight() == 0);
}

TEST_CASE("round_robin: a server that goes is left out and the others keep their order") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1, 1, 1}));
  all_up(upstream);
  CHECK(names(upstream, 2) == "ab");
  upstream.servers()[1]->set_health(Health::down, kStart);
  CHECK(names(upstream, 6) == "cdacda");
  upstream.servers()[1]->set_health(Health::up, kStart);
  CHECK(names(upstream, 8).size() == 8);
  const std::string turn = names(upstream, 4);
  CHECK(std::ranges::is_permutation(turn, std::string("abcd")));
}

TEST_CASE("round_robin: a very long turn is shortened and keeps the shares") {
  const std::vector<double> weights = {256, 255, 1};
  CHECK(smooth_sequence(weights, {true, true, true}).size() == 512);
  std::vector<double> many(1000, 256);
  many[0] = 255;
  const auto order = smooth_sequence(many, std::vector<bool>(1000, true));
  CHECK(order.size() <= 40000);
  CHECK(order.size() >= 20000);
}
