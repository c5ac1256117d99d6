// TLS passed through unopened: the upstream is chosen by what the client's first message asks for.
#pragma once
#include <string>

#include "common/async/task.h"
#include "common/net/stream.h"
#include "lb/generation.h"
#include "lb/proxy_header.h"

namespace tandem::lb {

class Listener;

struct Chosen {
  const Branch* branch = nullptr;
  ClientFacts facts;
};

// Reads a ClientHello, of which `received` may already hold the beginning, and chooses by the listener's matches. What
// it reads stays in `received`, to be passed on as it came. What matches nothing, and what is no ClientHello, goes
// where the listener leads by itself; where it leads nowhere that is an error: "no_match", "not_tls",
// "client_hello_invalid", "client_hello_too_large", told of in the log at most once a second. Others are those of
// read_more().
async::Task<Result<Chosen>> choose_by_client_hello(Listener& listener, const IpEndpoint& peer, net::Stream& client,
                                                   std::string& received, Instant deadline);

}  // namespace tandem::lb
