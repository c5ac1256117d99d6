// Where tasks live that nobody awaits: connections of a listener, checks of an upstream. The group owns their frames
// and their cancel scope; it must be empty when it is destroyed (cancel(), then wait until empty).
#pragma once
#include <cstddef>

#include "common/async/event.h"
#include "common/async/task.h"

namespace tandem::async {

class TaskGroup {
 public:
  TaskGroup() = default;
  explicit TaskGroup(CancelScope& parent) : scope_(parent) {}
  ~TaskGroup();

  void spawn(Task<void> task);  // starts it at once; it runs until it first waits
  void cancel(Error reason) { scope_.cancel(std::move(reason)); }
  CancelScope& scope() { return scope_; }
  std::size_t size() const { return size_; }

  // Waits until the group is empty, whatever becomes of the waiting coroutine's own scope: tasks may hold references to
  // what it owns. One waiter at a time.
  Task<void> until_empty();

 private:
  struct Root;
  static Root run(TaskGroup& group, Task<void> task);
  CancelScope scope_;
  Task<void> wait_until_empty();
  std::size_t size_ = 0;
  Event emptied_;
};

}  // namespace tandem::async
