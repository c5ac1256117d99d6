// Runs tasks side by side and gives their results in the order of the tasks. All run in the awaiting coroutine's
// scope; each is waited for, also when another has failed.
#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "common/async/task.h"
#include "common/async/task_group.h"

namespace tandem::async {

namespace detail {
template <class T>
Task<void> store(Task<T> task, std::optional<T>& place) {
  place.emplace(co_await std::move(task));
}
}  // namespace detail

template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  CancelScope* scope = co_await this_scope();
  std::vector<std::optional<T>> places(tasks.size());
  {
    // The children see the caller's cancellation through the group.
    std::optional<TaskGroup> group;
    if (scope) {
      group.emplace(*scope);
      if (scope->cancelled()) group->cancel(*scope->reason());
    } else {
      group.emplace();
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      group->spawn(detail::store(std::move(tasks[i]), places[i]));
    }
    co_await group->until_empty();
  }
  std::vector<T> results;
  results.reserve(places.size());
  for (auto& place : places) results.push_back(std::move(*place));
  co_return results;
}

}  // namespace tandem::async
