#include "gateway/handlers/upstream_attempt.h"

#include "common/async/scheduler.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {

void UpstreamAttempt::give_up(const Error& error) {
  if (error.origin != Origin::upstream) return;
  const Instant now = async::Scheduler::current().now();
  if (error.reason == "upstream_timeout") {
    lease.failed(balance::FailureKind::timeout, now);
  } else if (error.reason == "upstream_closed") {
    if (!reused) lease.closed_before_first_byte(true, false, now);
  } else {
    lease.failed(balance::FailureKind::reset, now);
  }
}

UpstreamBody::UpstreamBody(std::shared_ptr<UpstreamAttempt> attempt, WorkerContext& worker, Duration idle)
    : attempt_(std::move(attempt)), worker_(worker), idle_(idle) {}

// The lease ends here, not at the last byte read: the exchange is in flight until its answer has been delivered.
UpstreamBody::~UpstreamBody() {
  if (attempt_->upgrade || !attempt_->connection->reusable()) return;
  worker_.pool(attempt_->lease.server()).give_back(std::move(attempt_->connection));
}

async::Task<Result<std::string_view>> UpstreamBody::read() {
  return attempt_->connection->read_body(deadline_after(async::Scheduler::current().now(), idle_));
}

std::optional<Result<std::string_view>> UpstreamBody::try_read() { return attempt_->connection->try_read_body(); }

bool UpstreamBody::can_splice() const { return attempt_->connection->can_splice_body(); }

std::optional<Result<std::size_t>> UpstreamBody::try_splice(net::Pipe& pipe) {
  return attempt_->connection->try_splice_body(pipe);
}

async::Task<Result<void>> UpstreamBody::readable() {
  return attempt_->connection->body_readable(deadline_after(async::Scheduler::current().now(), idle_));
}

bool UpstreamBody::done() const { return attempt_->connection->body_done(); }

}  // namespace tandem::gateway
