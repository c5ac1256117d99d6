#include "gateway/filters/client_address.h"

#include "gateway/error_answer.h"

namespace tandem::gateway {

async::Task<Result<Response>> ClientAddress::handle(Exchange& exchange, Next next) const {
  if (!list_.allows(exchange.client)) co_return address_refused(exchange);
  co_return co_await next(exchange);
}

Response address_refused(Exchange& exchange) {
  return declined("forbidden", exchange.client.to_string() + " may not call from where it is", exchange);
}

}  // namespace tandem::gateway
