#include "common/http/min_rate.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::http;
using namespace std::chrono_literals;

namespace {
const Instant kStart = Instant{} + 1h;
}

TEST_CASE("min rate: without one a wait has no end") {
  CHECK(MinRate().deadline(kStart, 0) == kNoDeadline);
  CHECK(MinRate(0).deadline(kStart, 1000) == kNoDeadline);
}

TEST_CASE("min rate: waiting is paid for by a grace and by what has passed") {
  MinRate rate(1000);
  CHECK(rate.deadline(kStart, 0) == kStart + MinRate::kGrace);
  CHECK(rate.deadline(kStart, 2000) == kStart + MinRate::kGrace + 2s);
  rate.waited(3s);
  CHECK(rate.deadline(kStart, 2000) == kStart + MinRate::kGrace - 1s);
  CHECK(rate.deadline(kStart + 1h, 2000) == kStart + 1h + MinRate::kGrace - 1s);  // time that nobody waited is free
}

TEST_CASE("min rate: who keeps the rate may go on for ever, who is slower may not") {
  const auto lasts = [](std::uint64_t bytes_a_second) {
    MinRate rate(1000);
    std::uint64_t passed = 0;
    for (int second = 0; second < 1000; ++second, passed += bytes_a_second) {
      if (rate.deadline(kStart, passed) <= kStart + 1s) return second;
      rate.waited(1s);
    }
    return 1000;
  };
  CHECK(lasts(1000) == 1000);
  CHECK(lasts(900) == 40);  // 5 s of grace, a tenth of a second lost in each
  CHECK(lasts(0) == 4);
}

TEST_CASE("min rate: numbers at the edge do not run over") {
  MinRate slow(1);
  CHECK(slow.deadline(kStart, ~std::uint64_t{0}) > kStart + 24h * 365);
  CHECK(MinRate(~std::uint64_t{0}).deadline(kStart, 1) <= kStart + MinRate::kGrace + 1ms);
}
