#include "lb/access_log.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

using namespace tandem;
using namespace std::chrono_literals;

TEST_CASE("lb's access log: the fields of the contract in its order") {
  char path[] = "/tmp/tandem-lb-access-XXXXXX";
  ::close(::mkstemp(path));
  observe::LogSink sink({.dropped = {}});
  REQUIRE(sink.redirect(path));
  lb::AccessLog log(sink);
  lb::AccessRecord record{.time = WallTime{} + 1795491116s, .id = "c1", .listener = "public", .end = "refused"};
  log.write({}, record);
  record.client = {*IpAddress::parse("10.0.0.1"), 4711};
  record.upstream = "gateways";
  record.server = "127.0.0.1:8081";
  record.attempts = 2;
  record.connect = 250us;
  record.first_byte = 3ms;
  record.duration = 2s;
  record.bytes_in = 10;
  record.bytes_out = 20;
  record.end = "client";
  log.write({}, record);
  record.shows_paths = true;
  record.paths.client = net::TcpPath{1500us, 2};
  log.write({}, record);
  REQUIRE(sink.flush(10s));
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  std::remove(path);
  CHECK(out.str() ==
        R"({"time":"2026-11-24T03:31:56.000Z","id":"c1","listener":"public","client":null,"upstream":null,)"
        R"("server":null,"attempts":0,"connect_ms":null,"first_byte_ms":null,"duration_ms":0,"bytes_in":0,)"
        R"("bytes_out":0,"end":"refused"})"
        "\n"
        R"({"time":"2026-11-24T03:31:56.000Z","id":"c1","listener":"public","client":"10.0.0.1:4711",)"
        R"("upstream":"gateways","server":"127.0.0.1:8081","attempts":2,"connect_ms":0.25,"first_byte_ms":3,)"
        R"("duration_ms":2000,"bytes_in":10,"bytes_out":20,"end":"client"})"
        "\n"
        R"({"time":"2026-11-24T03:31:56.000Z","id":"c1","listener":"public","client":"10.0.0.1:4711",)"
        R"("upstream":"gateways","server":"127.0.0.1:8081","attempts":2,"connect_ms":0.25,"first_byte_ms":3,)"
        R"("duration_ms":2000,"bytes_in":10,"bytes_out":20,"end":"client","client_rtt_ms":1.5,)"
        R"("client_retransmits":2,"server_rtt_ms":null,"server_retransmits":null})"
        "\n");
}
