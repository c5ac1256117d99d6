#include "common/config/quantity.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::config;
using namespace std::chrono_literals;

TEST_CASE("quantity: durations carry their unit") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("0s") == 0s);
  for (const char* text :
       {"", "5", "5 s", "s", "-5s", "+5s", "5S", "1.5s", "5sec", "99999999999h", "18446744073709551616ms"}) {
    CHECK_MESSAGE(!parse_duration(text), text);
  }
}

TEST_CASE("quantity: sizes and shares carry theirs") {
  CHECK(parse_size("64KiB") == 65536);
  CHECK(parse_size("1MiB") == 1048576);
  CHECK(parse_size("7B") == 7);
  CHECK(parse_share("50%") == 0.5);
  CHECK(parse_share("0%") == 0.0);
  for (const char* text : {"1", "1kb", "1KB", "1 MiB", "8589934592GiB"}) CHECK_MESSAGE(!parse_size(text), text);
  CHECK(parse_share("0.25%") == 0.0025);
  for (const char* text : {"50", "101%", "100.1%", "-1%", "0.5", ".5%", "1e1%", "nan%", "inf%", "%", "5 %", "1.%%"})
    CHECK_MESSAGE(!parse_share(text), text);
}

TEST_CASE("quantity: rates are so many in a period") {
  using limit::Rate;
  CHECK(parse_rate("100/s") == Rate{100, 1s});
  CHECK(parse_rate("60/min") == Rate{60, 1min});
  CHECK(parse_rate("3600000000/h") == Rate{3'600'000'000, 1h});
  CHECK(parse_rate("1/day") == Rate{1, 24h});
  for (const char* text : {"100/s", "60/min", "7/h", "1/day"}) CHECK(format_rate(*parse_rate(text)) == text);
  for (const char* text : {"", "100", "/s", "100/", "100 /s", "0/s", "-1/s", "1.5/s", "100/sec", "1000001/s",
                           "18446744073709551616/day"}) {
    CHECK_MESSAGE(!parse_rate(text), text);
  }
}

TEST_CASE("quantity: what is formatted parses to the same, in the shortest words") {
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(120s) == "2m");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_size(65536) == "64KiB");
  CHECK(format_size(1000) == "1000B");
  CHECK(format_size(0) == "0B");
  CHECK(format_share(0.57) == "57%");
  CHECK(format_share(0.0025) == "0.25%");
}
