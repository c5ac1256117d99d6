#include "common/process/memory_guard.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "common/async/sleep.h"
#include "common/async/task_group.h"
#include "common/net/reactor.h"
#include "common/observe/process_metrics.h"

using namespace tandem;
using namespace tandem::process;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

async::Task<void> until(bool is_short, bool& seen) {
  const Instant end = now() + 10s;
  while (memory_is_short() != is_short && now() < end) (void)co_await async::sleep_for(10ms);
  seen = memory_is_short() == is_short;
  net::Reactor::current().stop();
}

bool comes_to_be(net::Reactor& reactor, bool is_short) {
  bool seen = false;
  async::TaskGroup tasks;
  tasks.spawn(until(is_short, seen));
  reactor.run();
  return seen;
}

}  // namespace

TEST_CASE("memory guard: without a limit memory is never short") {
  net::Reactor reactor;
  MemoryGuard guard;
  guard.set_limit(std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(memory_is_short());
}

TEST_CASE("memory guard: short while more is resident, and not for what the allocator only keeps") {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return;  // their allocators give nothing back
#endif
  net::Reactor reactor;
  MemoryGuard guard;
  guard.set_limit(observe::resident_bytes() + 48 * kMiB);
  CHECK_FALSE(memory_is_short());
  // In small pieces: what is freed of them stays with the allocator until it is told to give it back.
  std::vector<std::unique_ptr<char[]>> pieces;
  for (std::uint64_t size = 0; size < 96 * kMiB; size += 4096) {
    pieces.push_back(std::make_unique<char[]>(4096));
    std::memset(pieces.back().get(), 1, 4096);
  }
  CHECK(comes_to_be(reactor, true));
  const auto last = std::move(pieces.back());  // holds the heap's end up
  pieces.clear();
  CHECK(comes_to_be(reactor, false));
}

TEST_CASE("memory guard: what can be spared goes before anybody is refused, and may come back") {
  net::Reactor reactor;
  std::uint64_t asked = 0, offered = 0;
  MemoryGuard guard({.give_back = [&](std::uint64_t bytes) { asked += bytes; },
                     .take_more = [&](std::uint64_t bytes) { offered += bytes; }});
  guard.set_limit(observe::resident_bytes() * 2);
  CHECK(asked == 0);
  CHECK(offered > 0);
  MemoryGuard another({.give_back = [&](std::uint64_t bytes) { asked += bytes; }});
  another.set_limit(kMiB);
  CHECK(asked > kMiB);
}

TEST_CASE("memory guard: a limit that is lifted is lifted at once") {
  net::Reactor reactor;
  MemoryGuard guard;
  guard.set_limit(kMiB);
  CHECK(memory_is_short());
  guard.set_limit(std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(memory_is_short());
}
