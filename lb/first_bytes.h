// What a client must say before its connection can be set up: a PROXY header, a ClientHello. Read within one deadline,
// and kept as it came.
#pragma once
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/net/stream.h"

namespace tandem::lb {

class Listener;

// Waits for more bytes and appends them to `received`. Errors, each a token for Ending: "handshake_timeout", "client"
// (it left), "reset_by_client", or the scope's reason. `awaited`: what is not complete yet, for the error's detail.
async::Task<Result<void>> read_more(net::Stream& client, std::string& received, Instant deadline,
                                    std::string_view awaited);

// Says in the log why a connection is closed, at most once a second for each listener, and gives the error back.
std::unexpected<Error> refuse(Listener& listener, const IpEndpoint& peer, Error error);

}  // namespace tandem::lb
