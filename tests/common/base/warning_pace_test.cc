#include "common/base/warning_pace.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace std::chrono_literals;

TEST_CASE("a warning is due once a second, and says how many were passed over") {
  WarningPace pace;
  const Instant start = now();
  CHECK(pace.passed_over(start) == 0);
  CHECK_FALSE(pace.passed_over(start));
  CHECK_FALSE(pace.passed_over(start + 999ms));
  CHECK(pace.passed_over(start + 1s) == 2);
  CHECK_FALSE(pace.due(start + 1500ms));
  CHECK(pace.due(start + 2s));
  CHECK(pace.passed_over(start + 3s) == 0);
}

TEST_CASE("what was passed over is said behind a warning") {
  CHECK(and_more(0).empty());
  CHECK(and_more(12) == " (and 12 more)");
}
