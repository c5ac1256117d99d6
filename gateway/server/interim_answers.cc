#include "gateway/server/interim_answers.h"

#include "common/async/scheduler.h"

namespace tandem::gateway {

async::Task<Result<void>> InterimAnswers::send(std::string_view head) {
  if (!stream_) co_return Result<void>{};
  waiting_ += head;
  co_return co_await flush();
}

async::Task<Result<void>> InterimAnswers::flush() {
  if (writing_) co_return Result<void>{};
  writing_ = true;
  auto done = co_await write_waiting();
  writing_ = false;
  ended_.set();
  co_return done;
}

async::Task<Result<void>> InterimAnswers::write_waiting() {
  while (!waiting_.empty()) {
    const net::IoResult result = stream_->try_write(std::span<const char>(waiting_));
    if (result.failed()) co_return fail_errno(Origin::internal, "reset", "write", result.error);
    waiting_.erase(0, result.bytes);
    if (waiting_.empty()) break;
    const Instant deadline = deadline_after(async::Scheduler::current().now(), idle_);
    if (auto waited = co_await stream_->writable(deadline); !waited) co_return waited;
  }
  co_return Result<void>{};
}

// Whoever wrote may have been cancelled in the middle of a head: the rest of it goes first.
async::Task<Result<void>> InterimAnswers::settle() {
  while (writing_) {
    ended_.reset();
    if (auto waited = co_await ended_.wait(); !waited) co_return waited;
  }
  co_return co_await flush();
}

}  // namespace tandem::gateway
