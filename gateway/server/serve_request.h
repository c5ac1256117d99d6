// The way of one request: head, route, handler, answer, log line.
#pragma once
#include "common/async/task.h"
#include "common/http/inbound.h"
#include "common/net/stream.h"

namespace tandem::gateway {

class Connection;

// What comes after a request: another one may, the connection is to be closed, or it is a tunnel's now.
enum class After : std::uint8_t { next, close, tunnel };

// Serves the next request of a connection.
async::Task<After> serve_request(Connection& connection, net::Stream& stream, http::Inbound& inbound);

}  // namespace tandem::gateway
