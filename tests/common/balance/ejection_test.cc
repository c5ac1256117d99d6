#include "common/balance/ejection.h"

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

namespace {

void fail_often(Server& server, int times, Instant now, FailureKind kind = FailureKind::refused) {
  for (int i = 0; i < times; ++i) server.on_failed(kind, now);
}

}  // namespace

TEST_CASE("ejection: after five failures in a row a server is left out, and comes back by itself") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1}));
  all_up(upstream);
  names(upstream, 1);
  Server& b = *upstream.servers()[1];
  fail_often(b, 4, kStart);
  CHECK(b.available());
  fail_often(b, 1, kStart);
  CHECK(b.ejected());
  CHECK(names(upstream, 3, kStart + 29s) == "aaa");
  CHECK(names(upstream, 4, kStart + 31s).find('b') != std::string::npos);
}

TEST_CASE("ejection: a connection that works ends the row, but not that of answers that fail") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1}));
  all_up(upstream);
  names(upstream, 1);
  Server& a = *upstream.servers()[0];
  fail_often(a, 4, kStart);
  a.on_connected(1ms, kStart);
  fail_often(a, 4, kStart);
  CHECK(!a.ejected());
  for (int i = 0; i < 5; ++i) {
    a.on_connected(1ms, kStart);
    a.on_failed(FailureKind::reset, kStart);
  }
  CHECK(a.ejected());
}

TEST_CASE("ejection: an early close counts only when the server had been asked by a client that still waits") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1}));
  all_up(upstream);
  for (int i = 0; i < 40; ++i) {
    Lease lease = *upstream.pick({.now = kStart});
    lease.closed_before_first_byte(false, false, kStart);
    lease.closed_before_first_byte(true, true, kStart);
  }
  CHECK(upstream.servers()[0]->failures() == 0);
  for (int i = 0; i < 10; ++i) upstream.pick({.now = kStart})->closed_before_first_byte(true, false, kStart);
  CHECK(upstream.servers()[0]->failures() == 5);
}

TEST_CASE("ejection: the last server stays, and half of an upstream failing at once ejects nobody more") {
  Upstream single(upstream_of(Policy::round_robin, {1}));
  all_up(single);
  names(single, 1);
  fail_often(*single.servers()[0], 20, kStart);
  CHECK(single.servers()[0]->available());

  Upstream four(upstream_of(Policy::round_robin, {1, 1, 1, 1}));
  all_up(four);
  names(four, 1);
  for (const auto& server : four.servers()) fail_often(*server, 5, kStart);
  int ejected = 0;
  for (const auto& server : four.servers()) ejected += server->ejected();
  CHECK(ejected == 1);
}

TEST_CASE("ejection: at most `max` of the upstream, but at least one") {
  const EjectOptions options{.after = 5, .duration = 30s, .max_share = 0.2};
  CHECK(judge_ejection(options, {.servers = 3, .ejected = 0, .others_available = 2, .tripped = 1}) ==
        EjectionVerdict::eject);
  CHECK(judge_ejection(options, {.servers = 10, .ejected = 1, .others_available = 8, .tripped = 1}) ==
        EjectionVerdict::eject);
  CHECK(judge_ejection(options, {.servers = 10, .ejected = 2, .others_available = 7, .tripped = 1}) ==
        EjectionVerdict::too_many);
  CHECK(judge_ejection(options, {.servers = 10, .ejected = 0, .others_available = 9, .tripped = 5}) ==
        EjectionVerdict::half_fails);
}

TEST_CASE("ejection: each in a row lasts longer, and a good time in between begins anew") {
  const EjectOptions options{.after = 5, .duration = 30s, .max_share = 0.5};
  EjectionRecord record;
  CHECK(begin_ejection(options, record, kStart) == 30s);
  CHECK(begin_ejection(options, record, kStart + 40s) == 60s);
  CHECK(begin_ejection(options, record, kStart + 110s) == 90s);
  CHECK(begin_ejection(options, record, kStart + 1000s) == 30s);
}

TEST_CASE("ejection: a check that connects takes back a server that refused, not one that failed otherwise") {
  Upstream upstream(upstream_of(Policy::round_robin, {1, 1, 1}));
  all_up(upstream);
  names(upstream, 1);
  const auto& servers = upstream.servers();
  for (int i = 0; i < 5; ++i) servers[0]->on_failed(FailureKind::refused, kStart);
  CHECK(servers[0]->ejected());
  CHECK(servers[0]->on_check_connected(kStart));
  CHECK(servers[0]->available());
  CHECK_FALSE(servers[0]->on_check_connected(kStart));
  for (int i = 0; i < 4; ++i) servers[0]->on_failed(FailureKind::refused, kStart);
  CHECK(servers[0]->available());  // the row has begun anew

  for (const FailureKind kind : {FailureKind::reset, FailureKind::tls}) {
    CAPTURE(failure_text(kind));
    servers[1]->end_ejection_if_over(kStart + 19h);
    for (int i = 0; i < 5; ++i) servers[1]->on_failed(kind, kStart + 20h);
    CHECK(servers[1]->ejected());
    CHECK_FALSE(servers[1]->on_check_connected(kStart + 20h));
  }
}
