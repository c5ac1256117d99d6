// Work that would hold up everybody on a loop (a slow hash), done on libuv's pool of threads instead. A Lane is a part
// of that pool which one kind of work may take, shared by all loops of the process: so the work has a bounded share of
// the machine, and so has what waits for it.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/async/task.h"
#include "common/base/clock.h"
#include "common/base/error.h"

namespace tandem::net {

class Lane {
 public:
  // At most `running` jobs at a time, of the four threads that the pool has, and `waiting` more.
  Lane(std::size_t running, std::size_t waiting);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Gives what `work` has returned on a thread of the pool; it owns what it uses, for it may go on when nobody waits
  // for it any more. Fails with origin internal and
  //   overloaded  at once when `waiting` others wait already
  //   timeout     at the deadline
  // or at once with the reason of the cancelled scope. What had not begun by then never does; what had is let go on,
  // and its result dropped. On a thread with a reactor.
  template <class T>
  async::Task<Result<T>> run(std::move_only_function<T()> work, Instant deadline = kNoDeadline) {
    auto result = std::make_shared<std::optional<T>>();
    const Result<void> done =
        co_await run_job([result, work = std::move(work)]() mutable { result->emplace(work()); }, deadline);
    if (!done) co_return std::unexpected(done.error());
    co_return *std::move(*result);
  }

 private:
  struct Job;
  struct Request;
  struct State;
  class Slot;

  async::Task<Result<void>> run_job(std::move_only_function<void()> work, Instant deadline);

  const std::shared_ptr<State> state_;  // jobs that run keep it
};

}  // namespace tandem::net
