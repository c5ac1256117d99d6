#include "common/async/cancel.h"

#include "common/async/scheduler.h"

namespace tandem::async {

void Cancellable::leave() {
  if (!link_) return;
  *link_ = next_;
  if (next_) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
}

void CancelScope::enter(Cancellable& waiting) {
  waiting.leave();
  waiting.next_ = first_;
  waiting.link_ = &first_;
  if (first_) first_->link_ = &waiting.next_;
  first_ = &waiting;
}

void CancelScope::cancel(Error reason) noexcept {
  if (reason_) return;
  reason_ = std::move(reason);
  deadline_.disarm();
  while (Cancellable* waiting = first_) {
    waiting->leave();
    waiting->on_cancel(*reason_);
  }
}

void CancelScope::set_deadline(Instant when, Origin origin, std::string_view reason) {
  if (reason_) return;
  deadline_origin_ = origin;
  deadline_reason_ = reason;
  deadline_.scope = this;
  Scheduler::current().deadlines().arm(deadline_, when);
}

void CancelScope::on_deadline(Timer& timer) noexcept {
  CancelScope& scope = *static_cast<DeadlineTimer&>(timer).scope;
  scope.cancel(Error{scope.deadline_origin_, scope.deadline_reason_, false, {}});
}

}  // namespace tandem::async
