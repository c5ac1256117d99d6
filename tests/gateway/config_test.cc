#include "gateway/config.h"

#include <doctest/doctest.h>

#include "tests/support/golden.h"

using namespace tandem;
using namespace std::chrono_literals;
using test::TemporaryFile;

namespace {

constexpr const char* kSmallest = R"(
[[listener]]
listen = "127.0.0.1:8000"
proxy_protocol_from = ["10.0.0.0/8"]
[upstream.a]
servers = ["127.0.0.1:9001"]
)";

config::LoadResult<gateway::GatewayConfig> load(const std::string& more) {
  const TemporaryFile file("gateway.toml", kSmallest + more);
  return gateway::load_gateway(file.path());
}

}  // namespace

TEST_CASE("gateway config: what wrong files are told") {
  test::check_golden("tests/golden/config/gateway", [](const std::string& path) {
    const auto loaded = gateway::load_gateway(path);
    CHECK(loaded.config.has_value() == loaded.errors.empty());
    return loaded.errors + loaded.warnings;
  });
}

TEST_CASE("gateway config: the files of configs/ load without a word") {
  for (const char* path : {"configs/gateway-1.toml", "configs/gateway-2.toml", "configs/gateway-minimal.toml"}) {
    const auto loaded = gateway::load_gateway(path);
    CHECK(loaded.errors + loaded.warnings == "");
    CHECK(loaded.config);
  }
}

TEST_CASE("gateway config: the smallest file has the contract's defaults") {
  const auto loaded = load("[[route]]\nmatch = \"GET /x/{id}\"\nto = \"a /y/{id}\"\npublic = true\n");
  REQUIRE_MESSAGE(loaded, loaded.errors);
  const gateway::GatewayConfig& config = *loaded.config;
  const gateway::ListenerConfig& listener = config.listeners[0];
  CHECK(listener.health_from == listener.proxy_protocol_from);
  CHECK(listener.max_header_size == 32 * 1024);
  CHECK(listener.max_headers == 100);
  CHECK(listener.max_uri == 8 * 1024);
  CHECK(listener.timeout.header == 10s);
  CHECK(listener.timeout.body == 30s);
  CHECK(listener.timeout.idle == 60s);
  CHECK(listener.timeout.keepalive == 75s);
  const gateway::UpstreamConfig& upstream = config.upstreams[0];
  CHECK(upstream.connect_timeout == 1s);
  CHECK(upstream.keepalive.connections == 64);
  CHECK(upstream.keepalive.idle == 30s);
  CHECK(upstream.host.mode == gateway::HostMode::preserve);
  const gateway::RouteConfig& route = config.routes[0];
  CHECK(route.name == "GET /x/{id}");
  REQUIRE(route.to.size() == 1);
  CHECK(route.to[0].index == 0);
  CHECK(route.to[0].path == "/y/{id}");
  CHECK(route.timeout == 5s);
  CHECK(route.max_body == 1024 * 1024);
  CHECK(route.match_place.line != 0);
}

TEST_CASE("gateway config: a route inherits [defaults] key by key, wherever the section stands") {
  const auto loaded = load(
      "[[route]]\nmatch = \"/a\"\nto = \"a\"\n[[route]]\nmatch = \"/b\"\nto = \"a\"\ntimeout = \"none\"\nmax_body = "
      "\"none\"\n"
      "[defaults]\npublic = true\ntimeout = \"9s\"\n");
  REQUIRE_MESSAGE(loaded, loaded.errors);
  CHECK(loaded.config->routes[0].timeout == 9s);
  CHECK(loaded.config->routes[0].is_public);
  CHECK(loaded.config->routes[1].timeout == kNever);
  CHECK(loaded.config->routes[1].max_body == gateway::kNoSizeLimit);
}

TEST_CASE("gateway config: a route may take back what it inherits, and is then closed") {
  const auto loaded = load("[defaults]\npublic = true\n[[route]]\nmatch = \"/a\"\nto = \"a\"\npublic = false\n");
  CHECK(loaded.errors.find("who may call is not said; write `auth` or public = true") != std::string::npos);
}

TEST_CASE("gateway config: a PROXY header to the service needs connections that are not kept") {
  const std::string route = "[[route]]\nmatch = \"/a\"\nto = \"a\"\npublic = true\n";
  CHECK(load("proxy_protocol = \"v2\"\n" + route).errors.find("needs keepalive = \"off\"") != std::string::npos);
  const auto loaded = load("proxy_protocol = \"v2\"\nkeepalive = \"off\"\n" + route);
  REQUIRE_MESSAGE(loaded, loaded.errors);
  CHECK(loaded.config->upstreams[0].keepalive.connections == 0);
}

TEST_CASE("gateway config: what dump shows loads to the same") {
  const auto loaded = load(
      "host = \"api.internal\"\nkeepalive = \"off\"\n"
      "[[route]]\nname = \"a\"\nmatch = \"/a\"\nto = \"a\"\npublic = true\n"
      "[[route]]\nmatch = \"/b\"\nrespond = { status = 404, body = \"say \\\"no\\\"\\n\", headers = { X-A = \"b\" } "
      "}\npublic = true\n"
      "[[route]]\nmatch = \"/c/{rest...}\"\nredirect = { to = \"https://{host}/{rest}\", status = 301 }\npublic = "
      "true\n"
      "[[route]]\nmatch = \"/d\"\nwhen = { query = { q = \"1\" }, header = { V = \"2\" } }\npublic = true\n"
      "to = [{ upstream = \"a\", path = \"/x\", weight = 9 }, { upstream = \"a\" }]\nsticky = \"cookie:lane\"\n"
      "mirror = { to = \"a /copy\", max_body = \"1KiB\", credentials = true }\nencoded_slashes = true\n"
      "[[route]]\nmatch = \"/e/{id}\"\npublic = true\naggregate = { collisions = \"deep\", errors_at = \"x.y\" }\n"
      "[[route.part]]\nname = \"one\"\nget = \"a /one/{id}\"\nput = \"one\"\ntake = \"/data\"\nkeep = [\"a.b\", "
      "\"c\"]\n"
      "rename = { \"a.b\" = \"d\" }\nfallback = { a = [1, 2.5, true, { b = \"c\" }] }\ntimeout = \"1s\"\n"
      "[[route.part]]\nname = \"two\"\npost = \"a /two\"\nbody = '{\"ids\": [{each:,}]}'\neach = \"one.c[].id\"\n"
      "by = \"id\"\nput = \"one.c[].two\"\nheaders = [\"Accept-Language\"]\ndrop = [\"x\"]\n");
  REQUIRE_MESSAGE(loaded, loaded.errors);
  const std::string shown = gateway::dump(*loaded.config);
  const TemporaryFile again("dumped.toml", shown);
  const auto reloaded = gateway::load_gateway(again.path());
  REQUIRE_MESSAGE(reloaded, reloaded.errors);
  CHECK(gateway::dump(*reloaded.config) == shown);
  CHECK(reloaded.config->routes[1].respond->body == "say \"no\"\n");
  CHECK(reloaded.config->routes[2].redirect->status == 301);
  CHECK(reloaded.config->upstreams[0].host.name == "api.internal");
  const std::vector<gateway::PartConfig>& parts = reloaded.config->routes[4].parts;
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].fallback->find("a")->array()->size() == 4);
  CHECK(parts[0].rename.front().second == "d");
  CHECK(parts[1].method == http::Method::post);
  CHECK(reloaded.config->routes[4].aggregate.collisions == json::Collisions::deep);
  const gateway::RouteConfig& split = reloaded.config->routes[3];
  CHECK(split.when.size() == 2);
  CHECK(split.encoded_slashes);
  REQUIRE(split.to.size() == 2);
  CHECK(split.to[0].weight == 9);
  CHECK(split.to[0].path == "/x");
  CHECK(split.to[1].weight == 1);
  CHECK(split.sticky.text() == "cookie:lane");
  REQUIRE(split.mirror);
  CHECK(split.mirror->target.path == "/copy");
  CHECK(split.mirror->max_body == 1024);
  CHECK(split.mirror->credentials);
}

TEST_CASE("gateway config: the quick start is one public route for everything") {
  const auto quick = gateway::quick_gateway(":8080", {"127.0.0.1:9001"});
  REQUIRE(quick);
  REQUIRE(quick.config->routes.size() == 1);
  CHECK(quick.config->routes[0].match == "/{rest...}");
  CHECK(quick.config->routes[0].is_public);
  CHECK(quick.config->upstreams[0].options.servers.size() == 1);
}
