#include <algorithm>
#include <thread>

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;

TEST_CASE("least_connections: 4,000 held open by four threads differ by one at most") {
  Upstream upstream(upstream_of(Policy::least_connections, {1, 1, 1}));
  all_up(upstream);
  std::vector<std::vector<Lease>> held(4);
  std::vector<std::jthread> threads;
  for (auto& leases : held) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) leases.push_back(*upstream.pick({.now = kStart}));
    });
  }
  threads.clear();
  std::vector<std::uint32_t> counts;
  for (const auto& server : upstream.servers()) counts.push_back(server->in_flight());
  CHECK(counts[0] + counts[1] + counts[2] == 4000);
  CHECK(std::ranges::max(counts) - std::ranges::min(counts) <= 1);
  held.clear();
  CHECK(upstream.servers()[0]->in_flight() == 0);
}

TEST_CASE("least_connections: weights divide what is held, ties go round") {
  Upstream upstream(upstream_of(Policy::least_connections, {3, 1}));
  all_up(upstream);
  std::vector<Lease> held;
  for (int i = 0; i < 400; ++i) held.push_back(*upstream.pick({.now = kStart}));
  CHECK(upstream.servers()[0]->in_flight() == 300);
  CHECK(upstream.servers()[1]->in_flight() == 100);

  Upstream equal(upstream_of(Policy::least_connections, {1, 1}));
  all_up(equal);
  CHECK(names(equal, 4) == "abab");
}

TEST_CASE("random: two different servers are drawn, so load stays near even") {
  Upstream upstream(upstream_of(Policy::random, {1, 1, 1, 1, 1}));
  all_up(upstream);
  std::vector<Lease> held;
  for (int i = 0; i < 1000; ++i) held.push_back(*upstream.pick({.now = kStart}));
  for (const auto& server : upstream.servers()) {
    CHECK(server->in_flight() >= 190);
    CHECK(server->in_flight() <= 210);
  }
}

TEST_CASE("random: with all but one down that one is found") {
  Upstream upstream(upstream_of(Policy::random, {1, 1, 1, 1, 1}));
  upstream.servers()[3]->set_health(Health::up, kStart);
  CHECK(names(upstream, 20) == "dddddddddddddddddddd");
}
