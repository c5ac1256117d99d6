#include "common/observe/recent.h"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::observe;
using namespace std::chrono_literals;

namespace {

struct One {
  int number = 0;
  Duration duration{};
  std::string text = {};
};

std::vector<int> numbers(const RecentRing<One>& ring) {
  std::vector<int> all;
  for (const One& one : ring.all()) all.push_back(one.number);
  std::ranges::sort(all);
  return all;
}

std::vector<Duration> times(const SlowestOf<One>& slowest, Instant at) {
  std::vector<Duration> all;
  slowest.for_each(at, [&all](const One& one) { all.push_back(one.duration); });
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("recent: the ring keeps the last ones, in slots that are used again") {
  RecentRing<One> ring(3, 1ms);
  Instant at{1s};
  const char* text = nullptr;
  for (int i = 1; i <= 8; ++i) {
    at += 2ms;
    CHECK(ring.wants(at));
    One& slot = ring.next(at);
    if (i > 3) CHECK(slot.number == i - 3);
    slot.number = i;
    slot.text = "a text that is too long for the string itself";
    if (i == 3) text = slot.text.data();
    if (i == 6) CHECK(slot.text.data() == text);
  }
  CHECK(numbers(ring) == std::vector{6, 7, 8});
}

TEST_CASE("recent: a burst as long as the ring is wanted, of a flood one now and then") {
  RecentRing<One> ring(3, 1ms);
  const Instant at{1s};
  for (int i = 0; i < 3; ++i) {
    CHECK(ring.wants(at));
    ring.next(at);
  }
  CHECK(!ring.wants(at));
  CHECK(!ring.wants(at + 999us));
  const Instant later = at + 1ms + 1us;
  CHECK(ring.wants(later));
  ring.next(later);
  CHECK(!ring.wants(later));
  CHECK(ring.wants(at + 10s));
}

TEST_CASE("recent: the slowest of a span and of the one before it are kept, older ones are not") {
  SlowestOf<One> slowest(3, 60s);
  Instant at{1000s};
  for (int i = 1; i <= 10; ++i) {
    if (slowest.wants(std::chrono::milliseconds(i), at)) slowest.add({i, std::chrono::milliseconds(i)});
  }
  CHECK(times(slowest, at) == std::vector<Duration>{8ms, 9ms, 10ms});
  CHECK(!slowest.wants(8ms, at));
  CHECK(slowest.wants(9ms, at));
  at += 60s;
  CHECK(slowest.wants(1ms, at));
  slowest.add({1, 1ms});
  CHECK(times(slowest, at) == std::vector<Duration>{1ms, 8ms, 9ms, 10ms});
  CHECK(times(slowest, at + 59s) == std::vector<Duration>{1ms, 8ms, 9ms, 10ms});
  CHECK(times(slowest, at + 60s) == std::vector<Duration>{1ms});
  CHECK(times(slowest, at + 120s).empty());
  CHECK(slowest.wants(1ms, at + 500s));
  CHECK(times(slowest, at + 500s).empty());
}
