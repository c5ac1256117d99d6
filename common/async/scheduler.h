// What a thread that runs coroutines has: the queue of those that may go on, and two timer wheels. One per thread,
// made on first use; net's reactor drives it (drain() once a turn). Nothing here does I/O.
#pragma once
#include <coroutine>
#include <vector>

#include "common/async/timer_wheel.h"

namespace tandem::async {

class Scheduler {
 public:
  static Scheduler& current();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Lets a suspended coroutine go on at the next drain(). A completion or a cancel from outside always comes this way,
  // never by resuming inline: so no callback finds its object gone when it returns.
  void post(std::coroutine_handle<> handle) { ready_.push_back(handle); }

  // Resumes what was posted, and what that posts, up to a bounded number; true while more waits.
  bool drain();
  bool idle() const { return ready_.empty(); }

  // The time of this turn: one look at the clock per turn is enough for timers.
  Instant now() const { return now_; }
  void set_now(Instant now) { now_ = now; }

  TimerWheel& deadlines() { return deadlines_; }  // 5 ms ticks: timeouts of what is going on
  TimerWheel& idles() { return idles_; }          // 250 ms ticks: limits on idleness, of which there are many

 private:
  Scheduler();
  Instant now_;
  TimerWheel deadlines_;
  TimerWheel idles_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
};

}  // namespace tandem::async
