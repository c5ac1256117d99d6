// co_await sleep_until(when): success at that time, or the reason of the cancelled scope before it.
#pragma once
#include "common/async/event.h"
#include "common/async/task.h"

namespace tandem::async {

inline Task<Result<void>> sleep_until(Instant when) {
  Event never;
  Result<void> waited = co_await never.wait(when);
  if (!waited && waited.error().reason == "timeout" && now() >= when) co_return Result<void>{};
  co_return waited;
}

inline Task<Result<void>> sleep_for(Duration duration) { return sleep_until(deadline_after(now(), duration)); }

}  // namespace tandem::async
