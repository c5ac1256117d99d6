#include "common/async/task_group.h"

#include <cassert>

namespace tandem::async {

// A coroutine that nobody holds: its frame goes away when it ends.
struct TaskGroup::Root {
  struct promise_type : PromiseBase {
    promise_type(TaskGroup& group, Task<void>&) { set_scope(&group.scope_); }
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
  };
};

TaskGroup::Root TaskGroup::run(TaskGroup& group, Task<void> task) {
  co_await std::move(task);
  if (--group.size_ == 0) group.emptied_.set();
}

TaskGroup::~TaskGroup() { assert(size_ == 0 && "a task group is emptied before it goes away"); }

void TaskGroup::spawn(Task<void> task) {
  ++size_;
  run(*this, std::move(task));
}

Task<void> TaskGroup::wait_until_empty() {
  while (size_ > 0) {
    emptied_.reset();
    (void)co_await emptied_.wait();
  }
}

Task<void> TaskGroup::until_empty() {
  CancelScope undisturbed;
  co_await within(undisturbed, wait_until_empty());
}

}  // namespace tandem::async
