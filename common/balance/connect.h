// Connecting to a server as its upstream is configured: the one way for traffic and for checks.
#pragma once
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/balance/options.h"
#include "common/balance/server.h"
#include "common/net/stream.h"

namespace tandem::net {
class TlsClientContext;
}

namespace tandem::balance {

// Connects and, where the upstream says so, shakes hands in TLS, all within the deadline. `before_tls` (a PROXY header)
// is sent in front of the handshake and must be empty where there is none: then it goes with the first bytes. Errors as
// of net::connect() and net::connect_tls(): those of origin upstream are retryable, on another server; a handshake that
// failed is never followed by plain text. `upstream` must outlive it.
async::Task<Result<std::unique_ptr<net::Stream>>> connect_to(const UpstreamOptions& upstream, Address server,
                                                             std::string before_tls, Instant deadline);

// What a failed connect_to() says of the server, where its origin is upstream.
FailureKind connect_failure(const Error& error);

// What TLS asks its servers for where nothing is configured: the DNS name of which they are addresses, else nothing.
std::string own_name(const UpstreamOptions& upstream);

// The context of a check that speaks TLS: the upstream's; where it has none (its traffic passes through, say), one that
// believes anybody, for then the check asks only whether TLS is spoken.
const net::TlsClientContext& check_context(const UpstreamOptions& upstream);

// The same as connect_to() with the given context; null: plain. `name`: asked for where the context has none.
async::Task<Result<std::unique_ptr<net::Stream>>> connect_with(const net::TlsClientContext* context, Address server,
                                                               std::string name, std::string before_tls,
                                                               Instant deadline);

}  // namespace tandem::balance
