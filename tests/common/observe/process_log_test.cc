#include "common/observe/process_log.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

TEST_CASE("process log: a line has time, level and message, and stays one line") {
  const WallTime time = WallTime{} + std::chrono::seconds(1795491116) + 123ms;
  CHECK(process_log_line(time, LogLevel::warn, "server \"a\" is down") ==
        "2026-11-24T03:31:56.123Z warning: server \"a\" is down\n");
  CHECK(process_log_line(time, LogLevel::error, "a\r\nb\x1b[0m") ==
        "2026-11-24T03:31:56.123Z error: a\\r\\nb\\x1b[0m\n");
  CHECK(process_log_line(time, LogLevel::info, std::string(100000, 'x')).size() < 9000);
}

TEST_CASE("process log: takes over what any room says while it lives, in order with plain lines") {
  char path[] = "/tmp/tandem-process-log-XXXXXX";
  ::close(::mkstemp(path));
  {
    const ProcessLog log("test", path);
    log_warn("first {}", 1);
    write_plain_line("ready");
    log_debug("not at this level");
    log_error("last");
  }
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  std::remove(path);
  const std::string text = out.str();
  const auto first = text.find(" warning: first 1\nready\n");
  REQUIRE(first != std::string::npos);
  CHECK(text.find(" error: last\n") > first);
  CHECK(text.find("not at this level") == std::string::npos);
}
