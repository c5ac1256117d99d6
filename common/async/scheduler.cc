#include "common/async/scheduler.h"

namespace tandem::async {

using namespace std::chrono_literals;

Scheduler::Scheduler() : now_(tandem::now()), deadlines_(5ms, now_), idles_(250ms, now_) {}

Scheduler& Scheduler::current() {
  thread_local Scheduler scheduler;
  return scheduler;
}

bool Scheduler::drain() {
  constexpr int kRounds = 4;  // then sockets and timers get their turn
  for (int round = 0; round < kRounds && !ready_.empty(); ++round) {
    running_.swap(ready_);
    for (const std::coroutine_handle<> handle : running_) handle.resume();
    running_.clear();
  }
  return !ready_.empty();
}

}  // namespace tandem::async
