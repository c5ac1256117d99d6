// What is told of a request when it is over: the access log's line, the counters, the trace.
#pragma once
#include "gateway/access_log.h"
#include "gateway/exchange.h"
#include "gateway/handlers/response.h"
#include "gateway/server/deliver.h"

namespace tandem::gateway {

class Connection;

// For the log: `took` since the request's head. What its texts point to lives as long as the arguments, at most until
// the next call.
AccessRecord access_record(const Connection& connection, const Exchange& exchange, const Response& response,
                           const Delivery& delivery, Duration took);

// A response that is an upgrade is only counted: its line comes with its end, see server/tunnel.h.
void log_request(const Connection& connection, Exchange& exchange, const Response& response, const Delivery& delivery);

}  // namespace tandem::gateway
