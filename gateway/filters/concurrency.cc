#include "gateway/filters/concurrency.h"

#include "gateway/error_answer.h"
#include "gateway/handlers/request_key.h"

namespace tandem::gateway {

async::Task<Result<Response>> Concurrency::handle(Exchange& exchange, Next next) const {
  const bool keyed = config_.key.kind != KeyConfig::Kind::none;
  auto place =
      keyed ? places_->take(config_.limit, request_key_text(config_.key, exchange)) : places_->take(config_.limit);
  if (place) {
    exchange.held.push_front(std::move(place));
    co_return co_await next(exchange);
  }
  if (!keyed) co_return declined("overloaded", {}, exchange);
  co_return declined_for(std::chrono::seconds(1), "concurrency_limited", exchange);
}

}  // namespace tandem::gateway
