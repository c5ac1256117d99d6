#include "common/async/timer_wheel.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <vector>

using namespace tandem;
using namespace tandem::async;
using namespace std::chrono_literals;

namespace {
struct Probe : Timer {
  Probe() : Timer(&Probe::fired) {}
  static void fired(Timer& timer) noexcept {
    auto& probe = static_cast<Probe&>(timer);
    ++probe.count;
    if (probe.again) probe.wheel->arm(probe, probe.due = *probe.clock + probe.every);
  }
  int count = 0;
  Instant due;
  Instant fired_at;
  bool again = false;
  TimerWheel* wheel = nullptr;
  Instant* clock = nullptr;
  Duration every{};
};
}  // namespace

TEST_CASE("timer wheel: every timer fires once, never early and at most a tick late, over all levels") {
  const Instant start = now();
  Instant clock = start;
  TimerWheel wheel(5ms, start);
  std::mt19937_64 random(7);
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 1000; ++i) {
    auto& probe = *probes.emplace_back(std::make_unique<Probe>());
    const auto exponent = std::uniform_int_distribution<int>(0, 36)(random);
    probe.due = start + std::chrono::milliseconds(random() % (std::uint64_t{1} << exponent) % 200'000'000);
    wheel.arm(probe, probe.due);
  }
  int wrong = 0;
  while (const auto next = wheel.next()) {
    REQUIRE(*next > clock);
    clock = *next;
    wheel.advance(clock);
    for (auto& probe : probes) {
      if (!probe->armed() && probe->fired_at == Instant{}) probe->fired_at = clock;
    }
  }
  for (const auto& probe : probes) wrong += probe->fired_at < probe->due || probe->fired_at - probe->due > 5ms;
  CHECK(wrong == 0);
  for (const auto& probe : probes) REQUIRE(probe->count == 1);
}

TEST_CASE("timer wheel: a disarmed or destroyed timer does not fire, and an empty wheel asks for no wake-up") {
  const Instant start = now();
  TimerWheel wheel(5ms, start);
  Probe kept;
  {
    Probe gone;
    wheel.arm(gone, start + 20ms);
  }
  wheel.arm(kept, start + 20ms);
  kept.disarm();
  wheel.advance(start + 1s);
  CHECK(kept.count == 0);
  CHECK(!wheel.next());
}

TEST_CASE("timer wheel: a timer may arm itself again when it fires") {
  const Instant start = now();
  Instant clock = start;
  TimerWheel wheel(5ms, start);
  Probe probe;
  probe.again = true;
  probe.wheel = &wheel;
  probe.clock = &clock;
  probe.every = 10ms;
  wheel.arm(probe, start + 10ms);
  for (int i = 0; i < 100; ++i) wheel.advance(clock += 5ms);
  CHECK(probe.count >= 49);
  CHECK(probe.count <= 51);
}

TEST_CASE("timer wheel: arming far in the past fires at the next advance, not inside arm()") {
  const Instant start = now();
  TimerWheel wheel(5ms, start);
  wheel.advance(start + 10s);
  Probe probe;
  wheel.arm(probe, start);
  CHECK(probe.count == 0);
  wheel.advance(start + 10s + 5ms);
  CHECK(probe.count == 1);
}
