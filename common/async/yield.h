// co_await yield(): lets everything else that is ready have its turn first. For loops that might never have to wait.
#pragma once
#include <coroutine>

#include "common/async/scheduler.h"

namespace tandem::async {

struct yield {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { Scheduler::current().post(handle); }
  void await_resume() const noexcept {}
};

}  // namespace tandem::async
