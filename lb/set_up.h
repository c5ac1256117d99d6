// The way of a connection from accept to its Session: the PROXY header where one must come, TLS or its ClientHello, a
// pick, a connect that tries other servers when one fails.
#pragma once
#include "common/async/task.h"
#include "common/net/socket.h"
#include "lb/connection.h"

namespace tandem::lb {

class Listener;

// Ends with a Session begun, or with the connection closed, counted and logged. `accepted`: with the peer as its
// client.
async::Task<void> set_up(Listener& listener, net::Socket client, Connection accepted);

}  // namespace tandem::lb
