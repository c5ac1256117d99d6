// OPTIONS (RFC 9110 §9.3.7), where no route takes it: the gateway answers what may be asked here. And preflights, whose
// route is that of the request which they announce.
#pragma once
#include <cstdint>
#include <string>

#include "gateway/exchange.h"
#include "gateway/handlers/response.h"
#include "gateway/server/find_route.h"

namespace tandem::gateway {

// OPTIONS for a path whose routes do not take it, or for the gateway itself ("OPTIONS *").
bool is_ours_to_answer(const http::RequestHead& request, const NotRouted& why);

// 204 with Allow; without it where `allow` is empty.
Response options_answer(std::string allow);

// When the request is a preflight and the route of the method that it asks for answers preflights, sets the exchange's
// route and params. `port`: the listener's.
bool find_preflight(Exchange& exchange, std::uint16_t port);

}  // namespace tandem::gateway
