#include "lb/config.h"

#include <doctest/doctest.h>

#include "tests/support/golden.h"

using namespace tandem;
using namespace std::chrono_literals;
using test::TemporaryFile;

namespace {

constexpr const char* kSmallest = R"(
[[listener]]
listen = "127.0.0.1:8080"
upstream = "a"
[upstream.a]
servers = ["127.0.0.1:9001", { address = "127.0.0.1:9002", name = "second", weight = 2, backup = true }]
)";

}  // namespace

TEST_CASE("lb config: what wrong files are told") {
  test::check_golden("tests/golden/config/lb", [](const std::string& path) {
    const auto loaded = lb::load_lb(path);
    CHECK(loaded.config.has_value() == loaded.errors.empty());
    return loaded.errors + loaded.warnings;
  });
}

TEST_CASE("lb config: the files of configs/ load without a word") {
  for (const char* path : {"configs/lb.toml", "configs/lb-minimal.toml", "configs/lb-passthrough.toml"}) {
    const auto loaded = lb::load_lb(path);
    CHECK(loaded.errors + loaded.warnings == "");
    CHECK(loaded.config);
  }
}

TEST_CASE("lb config: the smallest file has the contract's defaults") {
  const TemporaryFile file("smallest.toml", kSmallest);
  const auto loaded = lb::load_lb(file.path());
  REQUIRE_MESSAGE(loaded, loaded.errors);
  const lb::LbConfig& config = *loaded.config;
  CHECK(config.process.workers >= 1);
  CHECK(config.process.drain == 30s);
  CHECK(config.process.drain_delay == 5s);
  CHECK(config.process.max_connections == config::kUnlimited);
  CHECK(!config.admin.listen);
  CHECK(config.log.access == "stdout");
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].name == "127.0.0.1:8080");
  CHECK(config.listeners[0].upstream == 0);
  CHECK(config.listeners[0].timeout.connect == 1s);
  CHECK(config.listeners[0].timeout.idle == 5min);
  CHECK(config.listeners[0].timeout.half_closed == 30s);
  CHECK(config.listeners[0].access.allow_from.size() == 2);
  CHECK(!config.listeners[0].access.per_source.any());
  REQUIRE(config.upstreams.size() == 1);
  const balance::UpstreamOptions& upstream = config.upstreams[0];
  CHECK(upstream.name == "a");
  CHECK(upstream.balance == balance::Policy::round_robin);
  CHECK(upstream.attempts == 3);
  CHECK(upstream.health.check == balance::CheckKind::tcp);
  CHECK(upstream.eject.after == 5);
  CHECK(upstream.queue.size == 0);
  REQUIRE(upstream.servers.size() == 2);
  CHECK(upstream.servers[0].name == "127.0.0.1:9001");
  CHECK(upstream.servers[1].name == "second");
  CHECK(upstream.servers[1].weight == 2);
  CHECK(upstream.servers[1].backup);
}

TEST_CASE("lb config: \"none\" lifts a limit") {
  const TemporaryFile file("none.toml", std::string(kSmallest) +
                                            "slow_start = \"none\"\nqueue = \"none\"\neject = { after = \"none\" }\n"
                                            "[process]\ndrain = \"none\"\nmax_connections = \"none\"\n");
  const auto loaded = lb::load_lb(file.path());
  REQUIRE_MESSAGE(loaded, loaded.errors);
  CHECK(loaded.config->process.drain == kNever);
  CHECK(loaded.config->upstreams[0].eject.after == config::kUnlimited);
  CHECK(loaded.config->upstreams[0].slow_start == Duration::zero());
}

TEST_CASE("lb config: what dump shows loads to the same, with the secret masked") {
  const TemporaryFile file("full.toml", std::string(kSmallest) +
                                            "queue = { size = 10, timeout = \"1500ms\" }\nproxy_protocol = \"v2\"\n"
                                            "health = { check = \"http\", status = \"200-299,404\", port = 81 }\n"
                                            "on_down = \"close\"\n"
                                            "[[listener]]\nlisten = \":8443\"\ndeny_from = [\"10.0.0.0/8\"]\n"
                                            "per_source = { connections = 5, rate = \"60/min\" }\n"
                                            "[[listener.match]]\nsni = [\"*.A.example\"]\nupstream = \"a\"\n"
                                            "[admin]\nlisten = \":9901\"\ntoken = \"hunter2\"\n");
  const auto loaded = lb::load_lb(file.path());
  REQUIRE_MESSAGE(loaded, loaded.errors);
  const std::string shown = lb::dump(*loaded.config);
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(shown.find("token = \"********\"") != std::string::npos);
  CHECK(shown.find("status = \"200-299,404\"") != std::string::npos);
  CHECK(shown.find("*.a.example") != std::string::npos);
  CHECK(shown.find("rate = \"60/min\"") != std::string::npos);
  const TemporaryFile again("again.toml", shown);
  const auto reloaded = lb::load_lb(again.path());
  REQUIRE_MESSAGE(reloaded, reloaded.errors);
  CHECK(lb::dump(*reloaded.config) == shown);
}

TEST_CASE("lb config: the quick start needs no file") {
  const auto quick = lb::quick_lb(":8080", {"127.0.0.1:9001", "127.0.0.1:9002"});
  REQUIRE(quick);
  CHECK(quick.config->listeners[0].listen.is_any());
  CHECK(quick.config->upstreams[0].servers.size() == 2);
  CHECK(quick.config->process.workers >= 1);
}

TEST_CASE("lb config: the quick start refuses what a file would be refused for") {
  CHECK(lb::quick_lb("8080", {"127.0.0.1:9001"}).errors.find("--listen: \"8080\" is not an address") == 0);
  CHECK(lb::quick_lb(":8080", {}).errors == "--to: at least one server's address is needed\n");
  CHECK(lb::quick_lb(":8080", {"localhost:1"}).errors.find("--to: ") == 0);
  CHECK(lb::quick_lb(":8080", {":9001"}).errors.find("cannot be connected to") != std::string::npos);
  CHECK(lb::quick_lb(":8080", {"127.0.0.1:8080"}).errors.find("a loop") != std::string::npos);
  CHECK(lb::quick_lb(":8080", {"127.0.0.1:1", "127.0.0.1:1"}).errors.find("given twice") != std::string::npos);
}

TEST_CASE("lb config: the schema names every key of the file") {
  const std::string schema = lb::lb_schema();
  for (const char* key : {"\"process\"", "\"listener\"", "\"proxy_protocol_from\"", "\"on_down\"", "\"include\""}) {
    CHECK_MESSAGE(schema.find(key) != std::string::npos, key);
  }
}
