#include "common/balance/queue.h"

#include <latch>
#include <thread>

#include "common/async/task_group.h"
#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

namespace {

UpstreamOptions small(std::uint32_t queue, Duration timeout) {
  auto options = upstream_of(Policy::round_robin, {1});
  options.servers[0].max_connections = 1;
  options.queue = {.size = queue, .timeout = timeout};
  return options;
}

async::Task<Result<Lease>> pick_or_wait(Upstream& upstream) {
  const PickRequest request = {.now = now()};
  if (auto picked = pick_now(upstream, request)) co_return std::move(*picked);
  co_return co_await wait_for_room(upstream, request);
}

// Picks, notes how it went, and keeps the lease.
async::Task<void> pick(Upstream& upstream, std::string name, std::string& order, std::vector<Lease>& held) {
  auto lease = co_await pick_or_wait(upstream);
  order += name + (lease ? "+" : "-" + std::string(lease.error().reason)) + " ";
  if (lease) held.push_back(std::move(*lease));
}

async::Task<void> until_empty(async::TaskGroup& group, net::Reactor& reactor) {
  (void)co_await group.until_empty();
  reactor.stop();
}
void run_until_empty(async::TaskGroup& group, net::Reactor& reactor) {
  async::TaskGroup waiting;
  waiting.spawn(until_empty(group, reactor));
  reactor.run();
}

}  // namespace

TEST_CASE("queue: one who waits gets the room that a lease on another thread leaves") {
  net::Reactor reactor;
  Upstream upstream(small(10, 1min));
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  async::TaskGroup group;
  std::string order;
  std::vector<Lease> held;
  group.spawn(pick(upstream, "a", order, held));
  CHECK(order.empty());
  CHECK(upstream.shared().queue().size() == 1);
  std::jthread other([&] { first.done(); });
  run_until_empty(group, reactor);
  CHECK(order == "a+ ");
  CHECK(upstream.shared().queue().empty());
  CHECK(upstream.servers()[0]->in_flight() == 1);
}

TEST_CASE("queue: first come, first served; beyond its size refused at once; too long is a timeout") {
  net::Reactor reactor;
  Upstream upstream(small(2, 30ms));
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  async::TaskGroup group;
  std::string order;
  std::vector<Lease> held;
  for (const char* name : {"a", "b", "c"}) group.spawn(pick(upstream, name, order, held));
  CHECK(order == "c-server_full ");
  first.done();
  run_until_empty(group, reactor);
  CHECK(order == "c-server_full a+ b-queue_timeout ");
}

TEST_CASE("queue: one who was woken and left hands the room on") {
  net::Reactor reactor;
  Upstream upstream(small(10, 1min));
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  async::TaskGroup leaving;
  async::TaskGroup staying;
  std::string order;
  std::vector<Lease> held;
  leaving.spawn(pick(upstream, "a", order, held));
  staying.spawn(pick(upstream, "b", order, held));
  first.done();
  leaving.cancel(Error{Origin::client, "client_closed", false, {}});
  run_until_empty(staying, reactor);
  CHECK(order == "a-client_closed b+ ");
}

TEST_CASE("queue: room for two that comes while one waits serves the one behind it too") {
  net::Reactor reactor;
  auto options = small(10, 1min);
  options.servers[0].max_connections = 2;
  Upstream upstream(options);
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  Lease second = *upstream.pick({.now = now()});
  async::TaskGroup group;
  std::string order;
  std::vector<Lease> held;
  group.spawn(pick(upstream, "a", order, held));
  first.done();
  second.done();
  group.spawn(pick(upstream, "b", order, held));
  run_until_empty(group, reactor);
  CHECK(order == "a+ b+ ");
}

TEST_CASE("queue: without one a full upstream refuses at once") {
  Upstream upstream(small(0, 1min));
  all_up(upstream);
  const Lease first = *upstream.pick({.now = now()});
  const auto picked = pick_now(upstream, {.now = now()});
  REQUIRE(picked.has_value());
  CHECK(picked->error().reason == "server_full");
}

TEST_CASE("queue: when the last server goes nobody waits any longer") {
  net::Reactor reactor;
  Upstream upstream(small(10, 1min));
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  async::TaskGroup group;
  std::string order;
  std::vector<Lease> held;
  group.spawn(pick(upstream, "a", order, held));
  upstream.servers()[0]->set_health(Health::down, now());
  run_until_empty(group, reactor);
  CHECK(order == "a-no_healthy_server ");
}

TEST_CASE("queue: many waiters over two threads all get their turn") {
  Upstream upstream(small(1000, 1min));
  all_up(upstream);
  std::latch both_run(2);
  const auto worker = [&] {
    net::Reactor reactor;
    both_run.arrive_and_wait();
    async::TaskGroup group;
    struct Use {
      static async::Task<void> once(Upstream& from, int& served) {
        auto lease = co_await pick_or_wait(from);
        served += lease.has_value();
      }
      static async::Task<void> often(Upstream& from, int& served) {
        for (int i = 0; i < 200; ++i) co_await once(from, served);
      }
    };
    int served = 0;
    for (int i = 0; i < 4; ++i) group.spawn(Use::often(upstream, served));
    if (group.size() > 0) run_until_empty(group, reactor);
    CHECK(served == 800);
  };
  std::jthread one(worker);
  std::jthread two(worker);
}

TEST_CASE("queue: max_in_flight holds over all servers, and who waits for it gets the next place") {
  net::Reactor reactor;
  auto options = upstream_of(Policy::round_robin, {1, 1, 1});
  options.max_in_flight = 2;
  options.queue = {.size = 1, .timeout = 1min};
  Upstream upstream(options);
  all_up(upstream);
  Lease first = *upstream.pick({.now = now()});
  Lease second = *upstream.pick({.now = now()});
  CHECK(upstream.pick({.now = now()}).error().reason == "overloaded");
  async::TaskGroup group;
  std::string order;
  std::vector<Lease> held;
  for (const char* name : {"a", "b"}) group.spawn(pick(upstream, name, order, held));
  CHECK(order == "b-overloaded ");
  Lease moved = std::move(first);
  std::jthread other([&] { moved.done(); });
  run_until_empty(group, reactor);
  CHECK(order == "b-overloaded a+ ");
  CHECK(upstream.shared().in_flight() == 2);
  held.clear();
  second.done();
  CHECK(upstream.shared().in_flight() == 0);
}

TEST_CASE("queue: picks from many threads never have more than max_in_flight") {
  auto options = upstream_of(Policy::least_connections, {1, 1, 1});
  options.max_in_flight = 2;
  Upstream upstream(options);
  all_up(upstream);
  std::atomic<int> most{0};
  std::atomic<int> now_held{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 5'000; ++n) {
          auto lease = upstream.pick({.now = kStart});
          if (!lease) continue;
          const int seen = now_held.fetch_add(1) + 1;
          for (int before = most; seen > before && !most.compare_exchange_weak(before, seen);) {
          }
          now_held.fetch_sub(1);
        }
      });
    }
  }
  CHECK(most <= 2);
  CHECK(upstream.shared().in_flight() == 0);
  for (const auto& server : upstream.servers()) CHECK(server->in_flight() == 0);
}
