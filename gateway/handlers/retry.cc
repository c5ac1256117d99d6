#include "gateway/handlers/retry.h"

#include <algorithm>

#include "common/async/scheduler.h"

namespace tandem::gateway {
namespace {

// Whether the request's body can be sent from its beginning.
bool replayable(const Exchange& exchange) { return !exchange.body.touched() || exchange.body.copying(); }

}  // namespace

bool is_stale(const UpstreamAttempt& attempt, const Result<Response>& response, const Exchange& exchange) {
  if (response || !attempt.reused || attempt.heard || response.error().reason != "upstream_closed") return false;
  const bool nothing_sent = attempt.connection->outbound().sent() == attempt.sent_before;
  return (nothing_sent || http::is_idempotent(exchange.request.method)) && replayable(exchange);
}

RetryPolicy::RetryPolicy(const RetryConfig& config, RetryBudget& budget, const std::string& upstream)
    : config_(config), budget_(budget) {
  if (config.times == 0) return;
  const auto counter = [&](const char* cause) {
    return Counters::counter("gateway_upstream_retries_total",
                             "Tries after the first one, by why the one before came to nothing",
                             {{"upstream", upstream}, {"cause", cause}});
  };
  retried_ = {Counter(), counter("connect"), counter("reset"), counter("status")};
  denied_ = Counters::counter("gateway_upstream_retries_denied_total", "Retries that the budget had no room for",
                              {{"upstream", upstream}});
}

void RetryPolicy::begin_counting(Exchange& exchange) const {
  budget_.note_request(async::Scheduler::current().now());
  if (exchange.request.framing.is_empty()) return;
  if (config_.non_idempotent || http::is_idempotent(exchange.request.method)) exchange.body.keep_copy(kMostReplayed);
}

RetryPolicy::Cause RetryPolicy::cause(const UpstreamAttempt& attempt, const Result<Response>& response) const {
  if (response) {
    return std::ranges::find(config_.on, response->status) == config_.on.end() ? Cause::none : Cause::status;
  }
  const Error& error = response.error();
  if (error.origin != Origin::upstream || !error.retryable) return Cause::none;
  if (!attempt.connection) return config_.on_connect ? Cause::connect : Cause::none;
  return config_.on_reset && !attempt.heard ? Cause::reset : Cause::none;
}

bool RetryPolicy::again(const UpstreamAttempt& attempt, const Result<Response>& response, const Exchange& exchange,
                        Tries& tries) const {
  if (tries.retries >= config_.times) return false;
  const Cause why = cause(attempt, response);
  if (why == Cause::none || !replayable(exchange)) return false;
  // Nothing was sent where no connection was made.
  const bool safe = why == Cause::connect || config_.non_idempotent || http::is_idempotent(exchange.request.method);
  const Instant now = async::Scheduler::current().now();
  if (!safe || now >= attempt.deadline) return false;
  if (!budget_.take(config_.budget, now)) {
    denied_.add();
    return false;
  }
  ++tries.retries;
  retried_[static_cast<std::size_t>(why)].add();
  return true;
}

}  // namespace tandem::gateway
