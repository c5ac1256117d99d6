#include "common/process/memory_guard.h"

#include <malloc.h>

#include <atomic>
#include <limits>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "common/observe/process_metrics.h"

namespace tandem::process {
namespace {

using namespace std::chrono_literals;
constexpr Duration kEvery = 100ms;
constexpr Duration kMakeRoomEvery = 1s;
constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMiB = 1024 * 1024;

std::atomic<bool> is_short_now{false};

}  // namespace

bool memory_is_short() { return is_short_now.load(std::memory_order_relaxed); }

MemoryGuard::~MemoryGuard() { is_short_now = false; }

void MemoryGuard::set_limit(std::uint64_t bytes) {
  limit_ = bytes;
  look();
}

void MemoryGuard::fired(Timer& timer) noexcept { static_cast<MemoryGuard&>(timer).look(); }

// What can be spared goes before anybody is refused, and comes back slowly. The allocator keeps what was freed, and
// that counts as resident: it must give it back too.
std::uint64_t MemoryGuard::make_room(std::uint64_t resident) {
  const Instant at = async::Scheduler::current().now();
  if (at - made_room_ < kMakeRoomEvery) return resident;
  made_room_ = at;
  if (resident <= limit_ - limit_ / 32) {
    if (spare_.take_more && resident < limit_ - limit_ / 4) spare_.take_more(limit_ / 32);
    return resident;
  }
  if (spare_.give_back) spare_.give_back(resident - (limit_ - limit_ / 8));
  malloc_trim(0);
  return observe::resident_bytes();
}

void MemoryGuard::look() {
  disarm();
  if (limit_ == kNone) return tell(false, 0);
  async::Scheduler& scheduler = async::Scheduler::current();
  scheduler.deadlines().arm(*this, scheduler.now() + kEvery);
  const std::uint64_t resident = make_room(observe::resident_bytes());
  // A little below, so that it does not change with every request.
  const std::uint64_t enough = memory_is_short() ? limit_ - limit_ / 32 : limit_;
  tell(resident > enough, resident);
}

void MemoryGuard::tell(bool is_short, std::uint64_t resident) {
  if (is_short_now.exchange(is_short) == is_short) return;
  if (is_short) {
    log_warn("memory is short: {} MiB are resident, max_memory is {} MiB: new work is refused", resident / kMiB,
             limit_ / kMiB);
  } else {
    log_info("memory suffices again: new work is taken");
  }
}

}  // namespace tandem::process
