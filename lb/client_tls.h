// TLS ended at lb: the handshake with a client, and what it makes known of the client.
#pragma once
#include <string>

#include "common/async/task.h"
#include "common/net/stream.h"
#include "lb/proxy_header.h"

namespace tandem::lb {

class Listener;

// Shakes hands as the listener's [listener.tls] says, after which `client` reads and writes what is inside.
// `already_read`: of the client, before anything that is still in the socket. Counts the outcome; a failure that is the
// client's is told in the log, at a pace. Errors: "tls_handshake" (the detail says what failed), "not_tls" (plain
// HTTP), "handshake_timeout", "client" or "reset_by_client" (who has left), or the scope's reason.
async::Task<Result<ClientFacts>> accept_client_tls(Listener& listener, IpEndpoint peer, net::Stream& client,
                                                   std::string already_read, Instant deadline);

}  // namespace tandem::lb
