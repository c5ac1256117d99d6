// `to`: the request goes to a server of an upstream, the answer comes back; bodies stream both ways.
#pragma once
#include "common/balance/upstream.h"
#include "gateway/config.h"
#include "gateway/handlers/handler.h"
#include "gateway/handlers/retry.h"
#include "gateway/resilience/state_registry.h"
#include "gateway/routing/destination.h"

namespace tandem::gateway {

class Proxy final : public Handler {
 public:
  // `upstream`, `config` and `history` belong to the generation that the handler is part of. `path`: empty, or the
  // template of the request line. `timeout`: from the request's head to the response's, all tries together; waiting for
  // the client's body is not counted.
  Proxy(balance::Upstream& upstream, const UpstreamConfig& config, UpstreamHistory& history, routing::Template path,
        Duration timeout)
      : upstream_(upstream),
        config_(config),
        breaker_(history.breaker),
        retry_(config.retry, history.budget, config.options.name),
        path_(std::move(path)),
        timeout_(timeout) {}

  async::Task<Result<Response>> handle(Exchange& exchange) const override;

 private:
  async::Task<Result<Response>> ask(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt,
                                    const std::string& target, Tries& tries) const;
  async::Task<Result<void>> reach(Exchange& exchange, UpstreamAttempt& attempt, Tries& tries) const;
  static async::Task<Result<http::ResponseHead*>> read_head(Exchange& exchange, UpstreamAttempt& attempt);
  async::Task<void> send(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt, const std::string& target) const;
  static async::Task<void> upload(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt);

  balance::Upstream& upstream_;
  const UpstreamConfig& config_;
  Breaker& breaker_;
  const RetryPolicy retry_;
  const routing::Template path_;
  const Duration timeout_;
};

}  // namespace tandem::gateway
