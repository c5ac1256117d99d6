#include "common/process/orders.h"

#include <doctest/doctest.h>

#include "common/balance/status.h"

using namespace tandem;
using namespace tandem::process;

namespace {

balance::UpstreamOptions options(std::uint32_t weight_of_a) {
  balance::UpstreamOptions options;
  options.name = "u";
  options.servers.resize(2);
  options.servers[0] = {.address = *Address::parse("127.0.0.1:9001"), .name = "a", .weight = weight_of_a};
  options.servers[1] = {.address = *Address::parse("127.0.0.1:9002"), .name = {}};
  options.health.check = balance::CheckKind::off;
  return options;
}

struct Ordered {
  observe::Metrics metrics;
  observe::Admin admin{{.program = "lb", .version = "9.9", .listen = *Address::parse("127.0.0.1:1"), .token = {}},
                       metrics};
  balance::Registry registry;
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;

  Ordered() {
    load(2);
    add_orders(admin, [this]() -> const auto& { return upstreams; });
  }
  // What a reload does.
  void load(std::uint32_t weight_of_a) {
    upstreams = {std::make_shared<balance::Upstream>(options(weight_of_a), &registry)};
    upstreams[0]->refresh(now());
  }
  observe::AdminResponse operator()(std::string_view method, std::string_view path, std::string_view body = {}) const {
    return admin.handle({.method = method, .path = path, .query = {}, .header = {}, .body = body});
  }
  balance::ServerStatus status(std::size_t index) const { return balance::snapshot(*upstreams[0], now())[index]; }
  std::string picks(int count) const {
    std::string names;
    for (int i = 0; i < count; ++i) {
      const auto lease = upstreams[0]->pick({.now = now()});
      names += !lease ? "-" : lease->name() == "a" ? "a" : "b";
    }
    return names;
  }
};

}  // namespace

TEST_CASE("orders: a drained server gets nothing new until it is enabled") {
  const Ordered order;
  const auto answer = order("POST", "/upstreams/u/servers/a/drain");
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/json");
  CHECK(answer.body == R"({"upstream":"u","server":"a","changed":true,"before":{"order":null,"weight":2},)"
                       R"("after":{"order":"drain","weight":2},"configured_weight":2,"in_flight":0})"
                       "\n");
  CHECK(order.picks(3) == "bbb");
  CHECK(order.status(0).state == "draining");
  CHECK(order.status(0).order == "drain");
  CHECK(order.status(1).order.empty());
  CHECK(order("POST", "/upstreams/u/servers/a/drain").body.find(R"("changed":false)") != std::string::npos);
  CHECK(order("POST", "/upstreams/u/servers/a/enable").status == 200);
  CHECK(order.picks(3).contains('a'));
  CHECK(order.status(0).state == "up");
}

TEST_CASE("orders: a disabled server is named so, and by its address as well") {
  const Ordered order;
  CHECK(order("POST", "/upstreams/u/servers/127.0.0.1%3A9001/disable").status == 200);
  CHECK(order("POST", "/upstreams/u/servers/127.0.0.1:9002/disable").status == 200);
  CHECK(order.status(0).state == "disabled");
  CHECK(order.picks(2) == "--");
}

TEST_CASE(
    "orders: a weight counts at once, lasts over a reload, and ends with enable or with a new value in the file") {
  Ordered order;
  CHECK(order("PUT", "/upstreams/u/servers/a/weight", "0\n").status == 200);
  CHECK(order.picks(3) == "bbb");
  CHECK(order.status(0).runtime_weight == 0);
  CHECK(order.status(0).configured_weight == 2);
  order.load(2);
  CHECK(order.picks(3) == "bbb");
  order.load(3);
  CHECK(order.status(0).runtime_weight == std::nullopt);
  CHECK(order.picks(4).contains('a'));
  CHECK(order("PUT", "/upstreams/u/servers/a/weight", "7").status == 200);
  CHECK(order.status(0).weight == 7);
  CHECK(order("POST", "/upstreams/u/servers/a/enable").status == 200);
  CHECK(order.status(0).weight == 3);
}

TEST_CASE("orders: what is unknown is 404, what is no weight 400, and neither changes anything") {
  const Ordered order;
  for (const char* path : {"/upstreams/nobody/servers/a/drain", "/upstreams/u/servers/nobody/drain",
                           "/upstreams/u/servers/a/explode", "/upstreams/u/servers/a", "/upstreams/u"}) {
    CHECK_MESSAGE(order("POST", path).status == 404, path);
  }
  for (const char* body : {"", "-1", "257", "1.5", "one", "1 2", "99999999999", "\"1\""}) {
    CHECK_MESSAGE(order("PUT", "/upstreams/u/servers/a/weight", body).status == 400, body);
  }
  CHECK(order("GET", "/upstreams/u/servers/a/drain").status == 405);
  CHECK(order("POST", "/upstreams/u/servers/a/weight", "1").status == 405);
  CHECK(order.status(0).order.empty());
  CHECK(order.status(0).weight == 2);
}
