// `retry`: whether a try that came to nothing is followed by another one, at another server while there is one. Only
// where that is safe: the request is idempotent (or the file says so), no byte of an answer was lost, and the body can
// be sent again. Within the upstream's budget and the route's timeout.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>

#include "common/balance/upstream.h"
#include "common/base/counters.h"
#include "gateway/exchange.h"
#include "gateway/handlers/upstream_attempt.h"
#include "gateway/resilience/options.h"
#include "gateway/resilience/retry_budget.h"

namespace tandem::gateway {

inline constexpr std::uint64_t kMostReplayed = 64 * 1024;  // bytes of a body that are kept for another try

// What one exchange remembers of its tries.
class Tries {
 public:
  explicit Tries(Instant until) : deadline(until) {}

  void failed_at(const balance::Server& server) {
    if (count_ < servers_.size()) servers_[count_++] = &server;
  }
  std::span<const balance::Server* const> failed() const { return {servers_.data(), count_}; }

  Instant deadline;           // for the answer's head; moves on while the client's body is awaited
  bool fresh = false;         // a kept connection was found closed: only new ones are taken
  std::uint32_t retries = 0;  // tries after the first

 private:
  std::array<const balance::Server*, 16> servers_{};
  std::size_t count_ = 0;
};

// A kept connection that the server closed while it was idle: the request never reached it, and goes out anew on a new
// connection. This is no retry: it counts nowhere.
bool is_stale(const UpstreamAttempt& attempt, const Result<Response>& response, const Exchange& exchange);

class RetryPolicy {
 public:
  // Belongs to the generation of `config`; `budget` outlives it.
  RetryPolicy(const RetryConfig& config, RetryBudget& budget, const std::string& upstream);

  // Before the first try.
  void begin(Exchange& exchange) const {
    if (config_.times > 0) begin_counting(exchange);
  }
  // Whether another try follows this one; then it is taken out of the budget and counted.
  bool again(const UpstreamAttempt& attempt, const Result<Response>& response, const Exchange& exchange,
             Tries& tries) const;

 private:
  enum class Cause : std::uint8_t { none, connect, reset, status };
  void begin_counting(Exchange& exchange) const;
  Cause cause(const UpstreamAttempt& attempt, const Result<Response>& response) const;

  const RetryConfig& config_;
  RetryBudget& budget_;
  std::array<Counter, 4> retried_;  // by Cause
  Counter denied_;
};

}  // namespace tandem::gateway
