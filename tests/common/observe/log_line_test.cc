#include "common/observe/log_line.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {
const WallTime kTime = WallTime{} + std::chrono::seconds(1795491116) + 123ms;

std::string line(LogFormat format, std::string_view path) {
  std::string out;
  LogLine l(format, out);
  l.time("time", kTime).text("path", path).text("route", "").number("status", 200).number("none", std::nullopt);
  l.milliseconds("duration_ms", 1500us).milliseconds("never_ms", std::nullopt);
  l.endpoint("client", {*IpAddress::parse("10.0.0.1"), 4711}).endpoint("peer", {});
  return std::string(l.end());
}
}  // namespace

TEST_CASE("log line: json has every field in order, null where it does not apply") {
  CHECK(line(LogFormat::json, "/a") ==
        R"({"time":"2026-11-24T03:31:56.123Z","path":"/a","route":null,"status":200,"none":null,"duration_ms":1.5,)"
        R"("never_ms":null,"client":"10.0.0.1:4711","peer":null})"
        "\n");
}

TEST_CASE("log line: text is words, - where a field does not apply, quotes only where needed") {
  CHECK(line(LogFormat::text, "/a") ==
        "2026-11-24T03:31:56.123Z path=/a route=- status=200 none=- duration_ms=1.5 never_ms=- client=10.0.0.1:4711 "
        "peer=-\n");
  CHECK(line(LogFormat::text, "/a b=\"c\"").find(R"(path="/a b=\"c\"" route)") != std::string::npos);
  CHECK(line(LogFormat::text, "-").find("path=\"-\" ") != std::string::npos);
}

TEST_CASE("log line: ecs leaves out what does not apply") {
  CHECK(line(LogFormat::ecs, "/a") ==
        R"({"time":"2026-11-24T03:31:56.123Z","path":"/a","status":200,"duration_ms":1.5,"client":"10.0.0.1:4711"})"
        "\n");
  std::string out;
  LogLine l(LogFormat::ecs, out);
  CHECK(l.json("event.category", R"(["web"])").end() == "{\"event.category\":[\"web\"]}\n");
}

TEST_CASE("log line: hostile values stay on one bounded line in every format") {
  const std::string hostile = "\r\n{\"admin\":true}\x1b[2J\xFF" + std::string(65536, 'x');
  for (const LogFormat format : {LogFormat::json, LogFormat::text, LogFormat::ecs}) {
    const std::string out = line(format, hostile);
    CHECK(out.find('\n') == out.size() - 1);
    CHECK(out.find('\r') == std::string::npos);
    CHECK(out.find('\x1b') == std::string::npos);
    CHECK(out.find('\xFF') == std::string::npos);
    CHECK(out.size() < 1500);
  }
}

TEST_CASE("log line: endpoints are shown as addresses are, without a port as the address alone") {
  std::string out;
  LogLine l(LogFormat::text, out);
  l.endpoint("a", {*IpAddress::parse("::1"), 80}).endpoint("b", {*IpAddress::parse("::1"), 0});
  l.endpoint("c", {*IpAddress::parse("192.168.255.0"), 0});
  CHECK(l.end() == "a=[::1]:80 b=::1 c=192.168.255.0\n");
}
