#include "common/balance/checker.h"

#include <algorithm>

#include "common/http/server.h"
#include "tests/common/balance/support.h"
#include "tests/support/run_task.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;
using namespace std::chrono_literals;

using tandem::test::run;

namespace {

// An HTTP server whose answer a test can change.
struct Service {
  int status = 200;
  bool drains = false;
  std::string asked;
  http::Server server{*net::listen_on(*Address::parse("127.0.0.1:0"), 1),
                      [this](const http::ServerRequest& request) { return answer(this, request); }};
  Service() { REQUIRE(server.start()); }
  static async::Task<http::ServerAnswer> answer(Service* self, const http::ServerRequest& request) {
    self->asked = std::string(request.head.path) + " " + std::string(request.head.authority);
    http::ServerAnswer answer{.status = self->status, .fields = {}, .body = "ok\n"};
    if (self->drains) answer.fields.emplace_back("Gateway-State", "draining");
    co_return answer;
  }
};

Address closed_port() {
  auto sockets = *net::listen_on(*Address::parse("127.0.0.1:0"), 1);
  return sockets.front().local_address();
}

UpstreamOptions options_for(std::vector<Address> addresses, CheckKind check) {
  UpstreamOptions options;
  options.name = "checked";
  for (const Address& address : addresses) options.servers.push_back({.address = address, .name = {}});
  options.health.check = check;
  options.health.path = "/readyz";
  options.health.every = 20ms;
  options.health.timeout = 5s;
  return options;
}

async::Task<void> probe_once(const UpstreamOptions& options, std::optional<CheckOutcome>& outcome) {
  outcome = co_await probe(options, options.servers.front().address);
}

async::Task<void> first_round(Checker& checker) {
  checker.start();
  co_await checker.until_first_round();
}

async::Task<void> until_changed(async::Event& changed, bool& in_time) {
  in_time = (co_await changed.wait(now() + 10s)).has_value();
}

}  // namespace

TEST_CASE("checks: where a gateway's page is, it says itself; what is no address is not believed") {
  const Address server = *Address::parse("10.1.2.3:8081");
  const auto said = [&server](std::string_view text) {
    const auto admin = announced_admin(text, server);
    return admin ? admin->to_string() : "";
  };
  CHECK(said("127.0.0.1:9902") == "127.0.0.1:9902");
  CHECK(said("[::1]:9902") == "[::1]:9902");
  CHECK(said(":9902") == "10.1.2.3:9902");
  CHECK(said("0.0.0.0:9902") == "10.1.2.3:9902");
  for (const char* wrong : {"", "evil.example:80", "http://10.1.2.3:1/", "unix:/run/x", "127.0.0.1", "127.0.0.1:0",
                            "127.0.0.1:9902/x", "javascript:alert(1)"}) {
    CHECK_MESSAGE(said(wrong) == "", wrong);
  }
  CHECK(!announced_admin(":9902", *Address::parse("unix:/run/gateway.sock")));
}

TEST_CASE("checker: the first round decides who may be picked") {
  net::Reactor reactor;
  Service service;
  auto options = options_for({service.server.address(), closed_port()}, CheckKind::http);
  options.health.every = 1h;  // one check each
  auto upstream = std::make_shared<Upstream>(options);
  Checker checker({upstream});
  run(reactor, first_round(checker));
  CHECK(upstream->servers()[0]->available());
  CHECK(service.asked == "/readyz " + service.server.address().to_string());
  CHECK(upstream->servers()[1]->health() == Health::down);
  CHECK(upstream->servers()[1]->tracker().why() == "1 check failed, last: connection refused");
  run(reactor, checker.stop());
  run(reactor, service.server.close());
}

TEST_CASE("checker: a server that announces draining is left at once, and one that fails goes down") {
  net::Reactor reactor;
  Service service;
  auto upstream = std::make_shared<Upstream>(options_for({service.server.address()}, CheckKind::http));
  async::Event changed;
  Checker checker({upstream}, [&](Upstream&, Server&) { changed.set(); });
  run(reactor, first_round(checker));
  Server& server = *upstream->servers()[0];
  CHECK(server.available());
  bool in_time = false;
  const auto wait = [&] {
    changed.reset();
    run(reactor, until_changed(changed, in_time));
    CHECK(in_time);
  };
  service.status = 503;
  service.drains = true;
  wait();
  CHECK(server.announced_draining());
  CHECK(server.health() == Health::up);
  service.status = 500;
  service.drains = false;
  wait();
  CHECK(server.health() == Health::down);
  service.status = 204;
  wait();
  CHECK(server.available());
  run(reactor, checker.stop());
  run(reactor, service.server.close());
}

TEST_CASE("checker: a running check ends with the checker, also without stop()") {
  net::Reactor reactor;
  const auto silent = *net::listen_on(*Address::parse("127.0.0.1:0"), 1);
  auto options = options_for({silent.front().local_address()}, CheckKind::http);
  options.health.timeout = 1h;
  Checker checker({std::make_shared<Upstream>(options)});
  checker.start();
}

TEST_CASE("probe: tcp asks for a connection only, http says what was wrong") {
  net::Reactor reactor;
  Service service;
  std::optional<CheckOutcome> outcome;
  auto options = options_for({service.server.address()}, CheckKind::tcp);
  run(reactor, probe_once(options, outcome));
  CHECK(outcome->passed);

  options.health.check = CheckKind::http;
  service.status = 404;
  run(reactor, probe_once(options, outcome));
  CHECK(!outcome->passed);
  CHECK(outcome->what == "status 404");

  const auto silent = *net::listen_on(*Address::parse("127.0.0.1:0"), 1);
  options.servers.front().address = silent.front().local_address();
  options.health.timeout = 20ms;
  run(reactor, probe_once(options, outcome));
  CHECK(outcome->what == "no answer within 20 ms");
  run(reactor, service.server.close());
}

TEST_CASE("probe: what it sends") {
  HealthOptions health;
  health.path = "/readyz";
  const Address server = *Address::parse("127.0.0.1:8081");
  CHECK(check_request(health, server).starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n"));
  health.host = "api.example.com";
  CHECK(check_request(health, server).find("\r\nHost: api.example.com\r\n") != std::string::npos);
  health.port = 9000;
  CHECK(check_address(server, health).to_string() == "127.0.0.1:9000");

  UpstreamOptions upstream;
  CHECK(check_preamble(upstream).empty());
  upstream.proxy_protocol = ProxyProtocol::v1;
  CHECK(check_preamble(upstream) == "PROXY UNKNOWN\r\n");
  upstream.health.proxy_protocol = ProxyProtocol::v2;
  CHECK(check_preamble(upstream).size() == 16);
  upstream.health.proxy_protocol = ProxyProtocol::off;
  CHECK(check_preamble(upstream).empty());
}

TEST_CASE("probe: which answers are good and which say draining") {
  HealthOptions health;
  CHECK(judge_answer(health, 204, false).passed);
  CHECK(!judge_answer(health, 301, false).passed);
  health.status = {{200, 299}, {401, 401}};
  CHECK(judge_answer(health, 401, false).passed);
  CHECK(judge_answer(health, 503, true).draining);
  CHECK(!judge_answer(health, 503, false).draining);
  CHECK(!judge_answer(health, 500, true).draining);
}
