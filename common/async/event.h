// An event that one coroutine can wait for: the bridge from callbacks to coroutines, and the one place where waiting,
// its deadline and its cancellation meet. set() before the wait is remembered once. One thread only.
#pragma once
#include <coroutine>

#include "common/async/cancel.h"
#include "common/async/scheduler.h"

namespace tandem::async {

class Event {
 public:
  class Wait;

  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Wakes the waiting coroutine (through the scheduler), or lets the next wait end at once.
  void set();
  void reset() { set_ = false; }
  bool has_waiter() const { return waiting_ != nullptr; }

  // co_await event.wait(deadline) gives: success once set (and takes the mark away), the error "timeout" (origin
  // internal) at the deadline, or the reason of the cancelled scope.
  Wait wait(Instant deadline = kNoDeadline);

 private:
  Wait* waiting_ = nullptr;
  bool set_ = false;
};

class [[nodiscard]] Event::Wait final : private Cancellable, private Timer {
 public:
  Wait(Event& event, Instant deadline) : Timer(&Wait::on_timer), event_(event), deadline_(deadline) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return begin(handle, handle.promise().scope());
  }
  Result<void> await_resume();

 private:
  friend class Event;
  bool begin(std::coroutine_handle<> handle, CancelScope* scope);
  void end();
  void on_cancel(const Error& reason) noexcept override;
  static void on_timer(Timer& timer) noexcept;

  Event& event_;
  const Instant deadline_;
  std::coroutine_handle<> handle_;
  std::optional<Error> failure_;
};

inline Event::Wait Event::wait(Instant deadline) { return Wait(*this, deadline); }

}  // namespace tandem::async
