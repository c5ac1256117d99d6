#include "common/balance/upstream.h"

#include <algorithm>
#include <array>
#include <thread>

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

TEST_CASE("upstream: a new server gets nothing before its first good check, with checks off at once") {
  Upstream checked(upstream_of(Policy::round_robin, {1}));
  CHECK(checked.pick({.now = kStart}).error().reason == "no_healthy_server");
  CHECK(!checked.has_available_server());
  auto options = upstream_of(Policy::round_robin, {1});
  options.health.check = CheckKind::off;
  Upstream unchecked(options);
  CHECK(unchecked.pick({.now = kStart}).has_value());
}

TEST_CASE("upstream: a retry goes to another server while there is one, then to the same again") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1}));
  all_up(upstream);
  auto first = upstream.pick({.now = kStart});
  const std::array<const Server*, 1> tried = {&first->server()};
  auto second = upstream.pick({.tried = tried, .now = kStart});
  CHECK(&second->server() != tried[0]);
  const std::array<const Server*, 2> both = {&first->server(), &second->server()};
  CHECK(upstream.pick({.tried = both, .now = kStart}).has_value());
}

TEST_CASE("upstream: backups serve only while no primary is available") {
  auto options = upstream_of(Policy::least_connections, {1, 1});
  options.servers[1].backup = true;
  Upstream upstream(options);
  all_up(upstream);
  CHECK(names(upstream, 3) == "aaa");
  upstream.servers()[0]->set_health(Health::down, kStart);
  CHECK(names(upstream, 3) == "bbb");
  upstream.servers()[0]->set_health(Health::up, kStart);
  CHECK(names(upstream, 3) == "aaa");
}

TEST_CASE("upstream: max_connections is never exceeded and being full has a reason of its own") {
  for (const Policy policy :
       {Policy::round_robin, Policy::least_connections, Policy::response_time, Policy::random, Policy::source_hash}) {
    auto options = upstream_of(policy, {1, 1});
    options.servers[0].max_connections = 2;
    options.servers[1].max_connections = 1;
    Upstream upstream(options);
    all_up(upstream);
    std::vector<Lease> held;
    for (int i = 0; i < 3; ++i) held.push_back(*upstream.pick({.now = kStart}));
    const auto refused = upstream.pick({.now = kStart});
    REQUIRE(!refused);
    CHECK(refused.error().reason == "server_full");
    held.pop_back();
    CHECK(upstream.pick({.now = kStart}).has_value());
  }
}

TEST_CASE("upstream: try_all sends to servers that are down, but not to disabled ones") {
  auto options = upstream_of(Policy::round_robin, {1, 1});
  options.when_none = WhenNone::try_all;
  Upstream upstream(options);
  for (const auto& server : upstream.servers()) server->set_health(Health::down, kStart);
  upstream.servers()[0]->set_admin(Admin::disabled, kStart);
  CHECK(names(upstream, 2) == "bb");
  upstream.servers()[0]->set_admin(Admin::enabled, kStart);
  upstream.servers()[0]->set_health(Health::up, kStart);
  CHECK(names(upstream, 2) == "aa");
}

TEST_CASE("upstream: drained, disabled and announced-draining servers get nothing new") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1, 1, 1}));
  all_up(upstream);
  upstream.servers()[0]->set_admin(Admin::draining, kStart);
  upstream.servers()[1]->set_admin(Admin::disabled, kStart);
  upstream.servers()[2]->set_announced_draining(true, kStart);
  CHECK(names(upstream, 3) == "ddd");
}

TEST_CASE("upstream: weight 0 gets nothing, a runtime weight holds until the configured one changes") {
  Registry registry;
  auto options = upstream_of(Policy::round_robin, {1, 0});
  auto first = std::make_unique<Upstream>(options, &registry);
  all_up(*first);
  CHECK(names(*first, 3) == "aaa");
  first->servers()[1]->set_runtime_weight(1, 0);
  CHECK(names(*first, 2).find("b") != std::string::npos);
  Upstream same(options, &registry);
  CHECK(names(same, 4) == "abab");
  options.servers[1].weight = 3;
  Upstream changed(options, &registry);
  CHECK(names(changed, 4).find("b") != std::string::npos);
  CHECK(!changed.servers()[1]->runtime_weight(3));
}

TEST_CASE("upstream: slow start lets a returned server in little by little, but not at boot") {
  auto options = upstream_of(Policy::round_robin, {1, 1});
  options.slow_start = 10s;
  Upstream upstream(options);
  all_up(upstream);
  CHECK(names(upstream, 4) == "abab");
  upstream.servers()[1]->set_health(Health::down, kStart);
  upstream.servers()[1]->set_health(Health::up, kStart + 10s);
  const auto share = [&](Instant now) {
    const std::string text = names(upstream, 640, now);
    return static_cast<double>(std::ranges::count(text, 'b')) / 640;
  };
  CHECK(share(kStart + 10s) < 0.08);
  CHECK(share(kStart + 15s) == doctest::Approx(1.0 / 3).epsilon(0.1));
  CHECK(share(kStart + 21s) == doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("upstream: a reload finds its servers again, and a lease outlives every generation") {
  Registry registry;
  const auto options = upstream_of(Policy::least_connections, {1, 1});
  auto old = std::make_unique<Upstream>(options, &registry);
  all_up(*old);
  Lease lease = *old->pick({.now = kStart});
  Upstream next(options, &registry);
  CHECK(next.servers()[0].get() == old->servers()[0].get());
  old.reset();
  CHECK(next.pick({.now = kStart})->name() != lease.name());
  lease.turnaround(1ms, kStart);
  lease.done();
  CHECK(next.servers()[0]->in_flight() + next.servers()[1]->in_flight() == 0);
}

TEST_CASE("upstream: picks go on while states change under them") {
  for (const Policy policy : {Policy::round_robin, Policy::source_hash, Policy::response_time}) {
    Upstream upstream(upstream_of(policy, {2, 1, 1}));
    all_up(upstream);
    std::atomic<bool> stop = false;
    std::atomic<int> refused = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          auto lease = upstream.pick({.hash = random_number(), .now = kStart});
          if (!lease) ++refused;
        }
      });
    }
    for (int i = 0; i < 100; ++i) {
      upstream.servers()[i % 2]->set_health(i % 4 < 2 ? Health::down : Health::up, kStart);
      if (i % 3 == 0) upstream.refresh(kStart);
    }
    stop = true;
    threads.clear();
    CHECK(refused == 0);
  }
}
