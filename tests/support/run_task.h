// Runs a coroutine to its end on a reactor of the test's own.
#pragma once
#include <utility>

#include "common/async/task_group.h"
#include "common/net/reactor.h"

namespace tandem::test {

inline async::Task<void> then_stop(async::Task<void> task, net::Reactor& reactor) {
  co_await std::move(task);
  reactor.stop();
}

// Returns when `task` has ended.
inline void run(net::Reactor& reactor, async::Task<void> task) {
  async::TaskGroup group;
  group.spawn(then_stop(std::move(task), reactor));
  reactor.run();
}

}  // namespace tandem::test
