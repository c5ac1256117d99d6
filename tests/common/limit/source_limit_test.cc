#include "common/limit/source_limit.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace tandem;
using namespace tandem::limit;
using namespace std::chrono_literals;
using Verdict = Sources::Verdict;

namespace {

const Instant kStart = Instant{} + 1h;
IpAddress ip(const char* text) { return *IpAddress::parse(text); }

}  // namespace

TEST_CASE("source limit: one address has so many connections and no more, another has its own") {
  Sources sources;
  const SourceLimits limits{.connections = 2, .rate = {}};
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted);
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted);
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::too_many_connections);
  CHECK(sources.try_enter(ip("192.0.2.2"), limits, kStart) == Verdict::admitted);
  sources.leave(ip("192.0.2.1"));
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted);
}

TEST_CASE("source limit: a /64 of IPv6 is one source") {
  Sources sources;
  const SourceLimits limits{.connections = 1, .rate = {}};
  CHECK(sources.try_enter(ip("2001:db8::1"), limits, kStart) == Verdict::admitted);
  CHECK(sources.try_enter(ip("2001:db8::ffff:1"), limits, kStart) == Verdict::too_many_connections);
  CHECK(sources.try_enter(ip("2001:db8:0:1::1"), limits, kStart) == Verdict::admitted);
  sources.leave(ip("2001:db8::2"));
  CHECK(sources.open().callers() == 1);
}

TEST_CASE("source limit: who comes too fast is refused and not counted as open") {
  Sources sources;
  sources.keep_rates();
  const SourceLimits limits{.connections = 100, .rate = Rate{2, 1s}};
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted);
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted);
  CHECK(sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::rate_limited);
  sources.leave(ip("192.0.2.1"));
  sources.leave(ip("192.0.2.1"));
  CHECK(sources.open().callers() == 0);
}

TEST_CASE("source limit: nothing is kept of a source that has nothing open") {
  Sources sources;
  const SourceLimits limits{.connections = 1, .rate = {}};
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    IpAddress address = ip("10.0.0.0");
    address.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    address.bytes[15] = static_cast<std::uint8_t>(i);
    CHECK(sources.try_enter(address, limits, kStart) == Verdict::admitted);
    sources.leave(address);
  }
  CHECK(sources.open().callers() == 0);
}

TEST_CASE("source limit: exact over all threads") {
  Sources sources;
  const SourceLimits limits{.connections = 50, .rate = {}};
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        admitted += sources.try_enter(ip("192.0.2.1"), limits, kStart) == Verdict::admitted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted == 50);
}

TEST_CASE("source limit: a reload finds what a listener of the name has, as long as somebody holds it") {
  SourcesByListener all;
  const SourceLimits before{.connections = 1, .rate = {}};
  auto sources = all.of("public", before);
  CHECK(sources->try_enter(ip("192.0.2.1"), before, kStart) == Verdict::admitted);
  const SourceLimits after{.connections = 2, .rate = Rate{1, 1h}};
  CHECK(all.of("public", after) == sources);
  CHECK(sources->try_enter(ip("192.0.2.1"), after, kStart) == Verdict::admitted);
  CHECK(sources->try_enter(ip("192.0.2.1"), after, kStart) == Verdict::too_many_connections);
  CHECK(all.of("other", after) != sources);
  sources.reset();
  CHECK(all.of("public", before)->open().callers() == 0);
}
