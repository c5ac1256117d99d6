// /livez and /readyz on the data port, for the balancer in front: before routing, limits and auth (contract §6).
#pragma once
#include <optional>

#include "gateway/exchange.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

class Connection;

// The answer, when the request is for one of them and its peer may ask: listed in health_from, and no PROXY header on
// its connection named a client.
std::optional<Response> health_answer(const Connection& connection, const Exchange& exchange);

}  // namespace tandem::gateway
