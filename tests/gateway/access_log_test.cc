#include "gateway/access_log.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "gateway/combined_log.h"

using namespace tandem;
using namespace std::chrono_literals;

TEST_CASE("gateway's access log: the fields of the contract in its order") {
  char path[] = "/tmp/tandem-gateway-access-XXXXXX";
  ::close(::mkstemp(path));
  observe::LogSink sink({.dropped = {}});
  REQUIRE(sink.redirect(path));
  gateway::AccessLog log(sink);
  const gateway::LogRules rules;
  log.use(rules);
  gateway::AccessRecord record{.time = WallTime{} + 1795491116s, .id = "c1-1", .conn = "c1"};
  log.write(record);
  record.trace = "0af7651916cd43dd8448eb211c80319c";
  record.client = {*IpAddress::parse("10.0.0.1"), 4711};
  record.method = "GET";
  record.host = "api.example.com";
  record.path = "/users/7/orders";
  record.route = "orders-of-user";
  record.status = 200;
  record.bytes_in = 1;
  record.bytes_out = 2;
  record.duration = 12345us;
  record.upstream = "orders";
  record.server = "127.0.0.1:9001";
  record.upstream_time = 12ms;
  record.attempts = 1;
  record.consumer = "ada";
  record.cache = "hit";
  record.limit = "per_ip";
  record.parts = "user;s=200;ms=3";
  record.client_request_id = "mine\n";
  log.write(record);
  REQUIRE(sink.flush(10s));
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  std::remove(path);
  CHECK(
      out.str() ==
      R"({"time":"2026-11-24T03:31:56.000Z","id":"c1-1","trace":null,"conn":"c1","client":null,"method":null,)"
      R"("host":null,"path":null,"route":null,"status":null,"reason":null,"bytes_in":0,"bytes_out":0,)"
      R"("duration_ms":0,"upstream":null,"server":null,"upstream_ms":null,"attempts":0,"consumer":null,"cache":null,"limit":null,"parts":null,"client_request_id":null})"
      "\n"
      R"({"time":"2026-11-24T03:31:56.000Z","id":"c1-1","trace":"0af7651916cd43dd8448eb211c80319c","conn":"c1",)"
      R"("client":"10.0.0.1:4711","method":"GET","host":"api.example.com","path":"/users/7/orders",)"
      R"("route":"orders-of-user","status":200,"reason":null,"bytes_in":1,"bytes_out":2,"duration_ms":12.345,)"
      R"("upstream":"orders","server":"127.0.0.1:9001","upstream_ms":12,"attempts":1,"consumer":"ada","cache":"hit","limit":"per_ip","parts":"user;s=200;ms=3","client_request_id":"mine\n"})"
      "\n");
}

TEST_CASE("gateway's access log, combined: as web servers write it, without queries, escaped and bounded") {
  gateway::AccessRecord record{.time = WallTime{} + 1795491116s};
  std::string line;
  gateway::write_combined(line, record);
  CHECK(line == "- - - [24/Nov/2026:03:31:56 +0000] \"-\" 499 0 \"-\" \"-\"\n");
  record.client = {*IpAddress::parse("2001:db8::1"), 4711};
  record.consumer = "anna";
  record.method = "GET";
  record.path = "/users/7";
  record.version_minor = 0;
  record.status = 200;
  record.bytes_out = 512;
  record.referer = "https://a.example/page?token=secret";
  record.user_agent = "curl/8.5 (\"quoted\")";
  gateway::write_combined(line, record);
  CHECK(line ==
        "2001:db8::1 - anna [24/Nov/2026:03:31:56 +0000] \"GET /users/7 HTTP/1.0\" 200 512 \"https://a.example/page\" "
        "\"curl/8.5 (\\x22quoted\\x22)\"\n");
  const std::string hostile = "\r\n\x1b[2J\xFF\\" + std::string(65536, 'x');
  record.user_agent = record.path = record.referer = hostile;
  gateway::write_combined(line, record);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find_first_of("\r\x1b\xFF") == std::string::npos);
  CHECK(line.size() < 3500);
}
