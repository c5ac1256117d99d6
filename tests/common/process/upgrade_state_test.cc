#include "common/process/upgrade_state.h"

#include <doctest/doctest.h>

#include "common/balance/discovered.h"
#include "common/balance/registry.h"

using namespace tandem;
using namespace tandem::process;

namespace {

balance::ServerOptions options(std::string_view address, std::string name) {
  return {.address = *Address::parse(address), .name = std::move(name)};
}

// A server that has lived: up again, drained by an operator, with another weight and times.
std::shared_ptr<balance::Server> lived(balance::Registry& registry) {
  auto server = registry.server(registry.upstream("u"), options("127.0.0.1:9001", "a"));
  server->tracker().record({.passed = true, .draining = false, .what = "answered\tin\n1 ms, 100%"}, {}, now());
  server->set_health(balance::Health::up, now());
  server->set_admin(balance::Admin::draining, now());
  server->set_runtime_weight(7, 2);
  server->on_connected(std::chrono::milliseconds(3), now());
  server->on_failed(balance::FailureKind::reset, now());
  for (int i = 0; i < 5; ++i) server->on_picked();
  return server;
}

}  // namespace

TEST_CASE("what a process knows of its servers and sockets is read as it was written") {
  balance::Registry registry;
  const auto server = lived(registry);
  const UpgradeState state{{{"front", *Address::parse(":8080")},
                            {"", *Address::parse("unix:/run/a b.sock")},
                            {"v6", *Address::parse("[::1]:0")}},
                           registry.memories(),
                           {{"u", options("[::1]:9002", "b\tc")}},
                           {{"jwks", "people\nhttps://id", "17\n{\"keys\": [\"100%\"]}\n"}, {"", "", ""}}};
  const auto again = read_upgrade_state(write_upgrade_state(state));
  REQUIRE(again);
  CHECK(again->servers == state.servers);
  CHECK(again->notes == state.notes);
  REQUIRE(again->discovered.size() == 1);
  CHECK(again->discovered[0].upstream == "u");
  CHECK(balance::same_server(again->discovered[0].server, state.discovered[0].server));
  REQUIRE(again->sockets.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(same_listener(again->sockets[i], state.sockets[i]));
}

TEST_CASE("a server begins with what the process before knew of it, by upstream, address and name") {
  balance::Registry before;
  const auto server = lived(before);
  balance::Registry after;
  after.remember(before.memories());
  const auto another = after.server(after.upstream("u"), options("127.0.0.1:9002", "a"));
  CHECK(another->health() == balance::Health::checking);
  const auto same = after.server(after.upstream("u"), options("127.0.0.1:9001", "a"));
  CHECK(same->health() == balance::Health::up);
  CHECK(same->admin() == balance::Admin::draining);
  CHECK(same->runtime_weight(2) == 7);
  CHECK(same->failures() == 1);
  CHECK(same->last_failure() == balance::FailureKind::reset);
  CHECK(same->connect_time().last() == server->connect_time().last());
  CHECK(same->tracker().last().what == "answered\tin\n1 ms, 100%");

  balance::Registry renamed;
  renamed.remember(before.memories());
  CHECK(renamed.server(renamed.upstream("u"), options("127.0.0.1:9001", "b"))->health() == balance::Health::checking);
  balance::Registry late;
  late.remember(before.memories());
  late.forget();
  CHECK(late.server(late.upstream("u"), options("127.0.0.1:9001", "a"))->health() == balance::Health::checking);
}

TEST_CASE("what discovery had found goes along, of upstreams that have had an answer, until it is forgotten") {
  balance::Registry before;
  const auto asked = before.upstream("asked"), fixed = before.upstream("fixed");
  asked->set_latest_servers({options("127.0.0.1:9001", "a"), options("127.0.0.1:9002", "b")});
  asked->set_discovery({.answered_at = wall_now(), .error = {}});
  fixed->set_latest_servers({options("127.0.0.1:9003", "c")});
  balance::Registry after;
  after.remember(before.discovered());
  CHECK(after.upstream("fixed")->latest_servers().empty());
  const auto servers = after.upstream("asked")->latest_servers();
  REQUIRE(servers.size() == 2);
  CHECK(servers[1].name == "b");
  after.forget();
  CHECK(after.upstream("asked")->latest_servers().empty());
}

TEST_CASE("another version's kinds of lines and further fields are passed over, another form is refused") {
  const std::string known = "tandem-upgrade 1\nsocket\tfront\t127.0.0.1:80\tmore\nlease\tx\n";
  const auto state = read_upgrade_state(known);
  REQUIRE(state);
  CHECK(state->sockets.size() == 1);
  for (const std::string text :
       {"", "tandem-upgrade 2\n", "tandem-upgrade 1\nsocket\tfront\n", "tandem-upgrade 1\nsocket\tfront\tnowhere\n",
        "tandem-upgrade 1\nserver\tu\ta\n", "tandem-upgrade 1\nnote\tjwks\tx\n",
        "tandem-upgrade 1\ndiscovered\tu\tnowhere\ta\t1\t1\t0\n", "tandem-upgrade 1\nsocket\t%4\t127.0.0.1:80\n"}) {
    CAPTURE(text);
    CHECK(!read_upgrade_state(text));
  }
}
