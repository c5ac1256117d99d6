#include "common/async/event.h"

#include <cassert>

namespace tandem::async {

void Event::set() {
  if (waiting_) {
    waiting_->end();
  } else {
    set_ = true;
  }
}

bool Event::Wait::begin(std::coroutine_handle<> handle, CancelScope* scope) {
  if (scope && scope->cancelled()) {
    failure_ = scope->reason();
    return false;
  }
  if (std::exchange(event_.set_, false)) return false;
  assert(!event_.waiting_ && "one coroutine waits for an event at a time");
  handle_ = handle;
  event_.waiting_ = this;
  if (scope) scope->enter(*this);
  if (deadline_ != kNoDeadline) Scheduler::current().deadlines().arm(*this, deadline_);
  return true;
}

// Ends the waiting exactly once: nothing else can wake this coroutine after it has been posted.
void Event::Wait::end() {
  event_.waiting_ = nullptr;
  leave();
  disarm();
  Scheduler::current().post(handle_);
}

void Event::Wait::on_cancel(const Error& reason) noexcept {
  failure_ = reason;
  end();
}

void Event::Wait::on_timer(Timer& timer) noexcept {
  auto& wait = static_cast<Wait&>(timer);
  wait.failure_ = Error{Origin::internal, "timeout", false, {}};
  wait.end();
}

Result<void> Event::Wait::await_resume() {
  if (failure_) return std::unexpected(std::move(*failure_));
  return {};
}

}  // namespace tandem::async
