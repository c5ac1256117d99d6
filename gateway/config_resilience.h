// The keys that are about services which fail or have too much to do: an upstream's `retry` and `breaker`, a route's
// `concurrency`. Private to the room; used by the table of gateway.toml's keys.
#pragma once
#include "common/config/kinds.h"
#include "gateway/config.h"

namespace tandem::gateway {

config::Kind<RetryConfig> retry();              // a table, or "none"
config::Kind<BreakerConfig> breaker();          // likewise
config::Kind<ConcurrencyConfig> concurrency();  // a number, { limit, key }, or "none"

}  // namespace tandem::gateway
