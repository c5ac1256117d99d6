#include "common/balance/response_time.h"

#include <map>

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

namespace {

// Connections one after another, one each millisecond; every server answers after its own time.
std::map<std::string, int> run(Upstream& upstream, Instant& now, Duration length,
                               std::map<std::string, Duration> times) {
  struct Open {
    Instant ends;
    Duration took;
    Lease lease;
  };
  std::vector<Open> open;
  std::map<std::string, int> counts;
  for (const Instant end = now + length; now < end; now += 1ms) {
    std::erase_if(open, [&](Open& one) {
      if (one.ends > now) return false;
      one.lease.turnaround(one.took, now);
      return true;
    });
    Lease lease = *upstream.pick({.now = now});
    ++counts[lease.name()];
    const Duration took = times[lease.name()];
    lease.connected(100us, now);
    lease.turnaround_started(now);
    open.push_back({now + took, took, std::move(lease)});
  }
  return counts;
}

UpstreamOptions with_check(CheckKind check) {
  auto options = upstream_of(Policy::response_time, {1, 1, 1});
  options.health.check = check;
  return options;
}

}  // namespace

TEST_CASE("response_time: equal servers share evenly") {
  Upstream upstream(with_check(CheckKind::http));
  all_up(upstream);
  Instant now = kStart;
  auto counts = run(upstream, now, 3s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  for (const char* name : {"a", "b", "c"}) {
    CHECK(counts[name] > 800);
    CHECK(counts[name] < 1200);
  }
}

TEST_CASE("response_time: a server that slows down loses its share within 2 s and has it back within 30 s") {
  Upstream upstream(with_check(CheckKind::http));
  all_up(upstream);
  Instant now = kStart;
  run(upstream, now, 5s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  run(upstream, now, 2s, {{"a", 2ms}, {"b", 40ms}, {"c", 2ms}});
  auto slowed = run(upstream, now, 20s, {{"a", 2ms}, {"b", 40ms}, {"c", 2ms}});
  CHECK(slowed["b"] < 1000);
  run(upstream, now, 29s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  auto recovered = run(upstream, now, 3s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  CHECK(recovered["b"] > 700);
}

TEST_CASE("response_time: a server that keeps clients waiting is not picked until it answers") {
  Upstream upstream(with_check(CheckKind::http));
  all_up(upstream);
  Instant now = kStart;
  run(upstream, now, 2s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  std::vector<Lease> frozen;
  for (int i = 0; i < 20; ++i) {
    Lease lease = *upstream.pick({.now = now});
    lease.turnaround_started(now);
    if (lease.name() == "b") frozen.push_back(std::move(lease));
  }
  REQUIRE(!frozen.empty());
  now += 501ms;
  CHECK(ResponseTime::is_suspect(*upstream.servers()[1], now));
  auto counts = run(upstream, now, 20s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  CHECK(counts["b"] == 0);
  SUBCASE("an answer to a client") { frozen.front().turnaround(20s, now); }
  SUBCASE("a check above TCP") { upstream.servers()[1]->on_check_passed(true, now); }
  CHECK(!ResponseTime::is_suspect(*upstream.servers()[1], now));
}

TEST_CASE("response_time: with tcp checks a suspect server gets single trials, ever more seldom") {
  Upstream upstream(with_check(CheckKind::tcp));
  all_up(upstream);
  Instant now = kStart;
  run(upstream, now, 2s, {{"a", 2ms}, {"b", 2ms}, {"c", 2ms}});
  std::vector<Lease> frozen;
  while (frozen.empty()) {
    Lease lease = *upstream.pick({.now = now});
    lease.turnaround_started(now);
    if (lease.name() == "b") frozen.push_back(std::move(lease));
  }
  now += 501ms;
  auto counts = run(upstream, now, 16s, {{"a", 2ms}, {"b", 1h}, {"c", 2ms}});
  CHECK(counts["b"] >= 3);
  CHECK(counts["b"] <= 5);
}

TEST_CASE("response_time: when over half are suspect, suspicion is ignored") {
  Upstream upstream(with_check(CheckKind::http));
  all_up(upstream);
  Instant now = kStart;
  std::vector<Lease> frozen;
  for (int i = 0; i < 9; ++i) {
    frozen.push_back(*upstream.pick({.now = now}));
    frozen.back().turnaround_started(now);
  }
  now += 2s;
  CHECK(upstream.pick({.now = now}).has_value());
  CHECK(upstream.shared().suspicion_ignored());
}

TEST_CASE("response_time: a server that fails at once does not attract") {
  Upstream upstream(upstream_of(Policy::response_time, {1, 1}));
  all_up(upstream);
  Instant now = kStart;
  int failed = 0;
  for (int i = 0; i < 1000; ++i, now += 1ms) {
    Lease lease = *upstream.pick({.now = now});
    if (lease.name() == "a") {
      lease.failed(FailureKind::refused, now);
      ++failed;
    } else {
      lease.connected(1ms, now);
      lease.turnaround(5ms, now);
    }
  }
  CHECK(failed < 20);
}
