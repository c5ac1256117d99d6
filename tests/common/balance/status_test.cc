#include "common/balance/status.h"

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

TEST_CASE("status: says of each server how it is and why") {
  Upstream upstream(upstream_of(Policy::round_robin, {5, 1, 1, 1}));
  all_up(upstream);
  Server& b = *upstream.servers()[1];
  for (int i = 0; i < 3; ++i) b.tracker().record({.what = "connection refused"}, upstream.options().health, kStart);
  b.set_health(b.tracker().health(), kStart);
  upstream.servers()[2]->set_admin(Admin::draining, kStart);
  upstream.servers()[3]->set_announced_draining(true, kStart);
  Lease lease = *upstream.pick({.now = kStart});
  lease.turnaround(20ms, kStart);
  const auto servers = snapshot(upstream, kStart + 4s);
  CHECK(servers[0].state == "up");
  CHECK(servers[0].in_flight == 1);
  CHECK(servers[0].response_time->count() == doctest::Approx(20e6));
  CHECK(servers[1].state == "down");
  CHECK(servers[1].why == "3 checks failed, last: connection refused, 4 s ago");
  CHECK(servers[1].last_check_ago == 4s);
  CHECK(servers[2].state == "draining");
  CHECK(servers[2].why == "by an operator's order");
  CHECK(servers[3].state == "draining");
  std::string text;
  JsonWriter json(text);
  write_status(json, upstream, kStart + 4s);
  CHECK(text.starts_with(
      R"({"name":"test","balance":"round_robin","queued":0,"servers":[{"name":"a","address":"127.0.0.1:9001",)"));
}

TEST_CASE("status: shows the last picks with what decided them, sampled") {
  Upstream upstream(upstream_of(Policy::least_connections, {1, 2, 1}));
  all_up(upstream);
  upstream.servers()[2]->set_health(Health::down, kStart);
  const Lease first = *upstream.pick({.now = kStart});
  const Lease unseen = *upstream.pick({.now = kStart + 50ms});
  const Lease second = *upstream.pick({.now = kStart + 100ms});
  const auto picks = upstream.shared().pick_log().last();
  REQUIRE(picks.size() == 2);
  CHECK(picks[1].server == "b");
  REQUIRE(picks[1].rivals.size() == 3);
  CHECK(picks[1].rivals[0].score == 1.0);
  CHECK(picks[1].rivals[1].score == 0.5);
  CHECK(picks[1].rivals[1].in_flight == 0);
  CHECK(picks[1].rivals[2].passed_over == "unavailable");
  CHECK(picks[0].rivals[0].in_flight + picks[0].rivals[1].in_flight == 2);
  for (int i = 0; i < 30; ++i) std::ignore = upstream.pick({.now = kStart + 200ms * (i + 1)});
  CHECK(upstream.shared().pick_log().last().size() == PickLog::kKept);
  std::string text;
  JsonWriter json(text);
  write_status(json, upstream, kStart + 7s);
  CHECK(text.find(R"("last_picks":[{"server":")") != std::string::npos);
}

TEST_CASE("status: a server that keeps clients waiting is called suspect, with how long") {
  Upstream upstream(upstream_of(Policy::response_time, {1, 1, 1}));
  all_up(upstream);
  for (const auto& server : upstream.servers()) {
    server->on_turnaround_started(kStart);
    server->on_turnaround(2ms, kStart);
  }
  upstream.servers()[1]->on_turnaround_started(kStart);
  const Lease lease = *upstream.pick({.now = kStart + 900ms});
  CHECK(lease.name() != "b");
  const auto servers = snapshot(upstream, kStart + 900ms);
  CHECK(servers[1].state == "suspect");
  CHECK(servers[1].why == "it has kept a client waiting and answered nobody for 0.9 s");
  CHECK(servers[0].state == "up");
  CHECK(upstream.shared().pick_log().last()[0].rivals[1].passed_over == "suspect");
}
