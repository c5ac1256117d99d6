// Cancellation. Every task runs in a scope; whatever a task waits for registers there and is woken with the scope's
// reason when the scope is cancelled (the client left, a deadline passed, the process ends). Scopes form a tree:
// cancelling one cancels those within. One thread only.
#pragma once
#include <optional>

#include "common/async/timer_wheel.h"
#include "common/base/error.h"

namespace tandem::async {

class CancelScope;

// Something that waits within a scope: a link of the scope's list. on_cancel() is called once, with the link already
// taken out; it must arrange that the waiting ends (through the scheduler, never inline).
class Cancellable {
 public:
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;
  void leave();  // idempotent

 protected:
  Cancellable() = default;
  ~Cancellable() { leave(); }
  virtual void on_cancel(const Error& reason) noexcept = 0;

 private:
  friend class CancelScope;
  Cancellable* next_ = nullptr;
  Cancellable** link_ = nullptr;  // what points at this
};

class CancelScope final : private Cancellable {
 public:
  CancelScope() : deadline_(&CancelScope::on_deadline) {}
  // Within `parent`: of one that is cancelled already it has the reason.
  explicit CancelScope(CancelScope& parent) : CancelScope() {
    if (parent.cancelled()) {
      reason_ = parent.reason_;
    } else {
      parent.enter(*this);
    }
  }

  // Cancels everything within, now and later; the first reason stays.
  void cancel(Error reason) noexcept;
  bool cancelled() const { return reason_.has_value(); }
  const std::optional<Error>& reason() const { return reason_; }

  // At `when`, cancel(reason) happens by itself; kNoDeadline takes it back. `reason` must be a literal token.
  void set_deadline(Instant when, Origin origin, std::string_view reason);

  // Registers something that waits. The caller has checked cancelled().
  void enter(Cancellable& waiting);

 private:
  void on_cancel(const Error& reason) noexcept override { cancel(reason); }
  static void on_deadline(Timer& timer) noexcept;

  struct DeadlineTimer : Timer {
    using Timer::Timer;
    CancelScope* scope = nullptr;
  } deadline_;
  Origin deadline_origin_ = Origin::internal;
  std::string_view deadline_reason_;
  Cancellable* first_ = nullptr;
  std::optional<Error> reason_;
};

}  // namespace tandem::async
