// Shaking hands on a stream: TLS from here on, or an error that says why not. On the stream's thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "common/net/stream.h"
#include "common/net/tls_context.h"

namespace tandem::net {

// As the server. `already_read`: what has been read from the client before, read again by TLS first. Errors have origin
// client: "tls_plain_http" (it speaks plain HTTP; the stream is without TLS again, so that it can be told),
// "tls_handshake" (detail says what failed), "timeout"; or the scope's reason. The stream must have been opened.
async::Task<Result<void>> accept_tls(Stream& stream, const TlsServerContext& context, std::string_view already_read,
                                     Instant deadline);

// How accept_tls() failed, as metrics name it: "timeout", "plain_http" or "failed".
std::string_view handshake_failure(const Error& error);

// As the client of `server`. Errors have origin upstream and are retryable: "upstream_tls" (the detail says what
// failed: the certificate's verification above all), "upstream_connect_timeout"; or the scope's reason.
// `name` is asked for where the context has no name of its own; empty: none.
async::Task<Result<void>> connect_tls(Stream& stream, const TlsClientContext& context, Address server, std::string name,
                                      Instant deadline);

}  // namespace tandem::net
