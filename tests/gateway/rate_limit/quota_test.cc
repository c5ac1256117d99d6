#include "gateway/rate_limit/quota.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::gateway;
using namespace std::chrono;
using Unit = Quota::Unit;

namespace {

WallTime at(year_month_day date, seconds time = {}) { return sys_days(date) + time; }

}  // namespace

TEST_CASE("quota: is written as a count and a part of the calendar") {
  CHECK(Quota::parse("10000/day") == Quota{10'000, Unit::day});
  CHECK(Quota::parse("1/min") == Quota{1, Unit::minute});
  CHECK(Quota::parse("5/h") == Quota{5, Unit::hour});
  CHECK(Quota::parse("4000000000/month") == Quota{4'000'000'000, Unit::month});
  for (const char* wrong : {"", "day", "0/day", "-1/day", "10000", "10000/", "10000day", "10000/days", "10/s",
                            "1.5/day", "4000000001/day", "99999999999999999999/day", "10000/day ", " 1/day", "1/DAY"}) {
    CHECK_MESSAGE(!Quota::parse(wrong), wrong);
  }
  CHECK(Quota{10'000, Unit::day}.text() == "10000/day");
}

TEST_CASE("quota: a window ends with its part of the UTC calendar") {
  const WallTime time = at(2028y / 2 / 28, 23h + 59min + 59s);
  CHECK(window_of(Unit::minute, time).ends == time + 1s);
  CHECK(window_of(Unit::hour, time).ends == time + 1s);
  CHECK(window_of(Unit::day, time).ends == time + 1s);
  CHECK(window_of(Unit::month, time).ends == at(2028y / 3 / 1));  // a leap year
  CHECK(window_of(Unit::month, time).length == 29 * 24h);
  CHECK(window_of(Unit::month, at(2027y / 12 / 31)).ends == at(2028y / 1 / 1));
}

TEST_CASE("quota: each window has the next number, and none has 0") {
  for (const Unit unit : {Unit::minute, Unit::hour, Unit::day, Unit::month}) {
    WallTime time = at(2026y / 1 / 1);
    std::uint32_t before = window_of(unit, time).index - 1;
    for (int i = 0; i < 100; ++i) {
      const QuotaWindow window = window_of(unit, time);
      CHECK(window.index == before + 1);
      CHECK(window_of(unit, window.ends - nanoseconds(1)).index == window.index);
      CHECK(window.ends - window.length == time);
      before = window.index;
      time = window.ends;
    }
    CHECK(window_of(unit, WallTime{}).index == 1);
  }
}

TEST_CASE("quota: what was used of one window is nothing to another") {
  const std::int64_t word = quota_word(20'000, 4'000'000'000);
  CHECK(word > 0);
  CHECK(used_of(word, 20'000) == 4'000'000'000);
  CHECK(used_of(word, 20'001) == 0);
  CHECK(used_of(word, 19'999) == 0);  // the clock was set back
  CHECK(used_of(0, 20'000) == 0);
  CHECK(quota_word(20'001, 0) > quota_word(20'000, 4'000'000'000));  // an old one gives way first
}
