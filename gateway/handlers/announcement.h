// What an upstream with `proxy_protocol` is told of the client: a header at the beginning of each connection, which
// then serves no other client (the configuration sees to it).
#pragma once
#include <string>

#include "common/balance/connect.h"
#include "gateway/exchange.h"

namespace tandem::gateway {

// The header; empty when it is off. Version 2 tells the request's id and the client's TLS as well.
std::string announcement(balance::ProxyProtocol version, const Exchange& exchange);

// Connects as balance::connect_to() does. With TLS the announcement goes ahead of the handshake; without, it belongs
// before the request's head, in one write with it: before_head() gives it then.
inline async::Task<Result<std::unique_ptr<net::Stream>>> connect_to_service(const balance::UpstreamOptions& upstream,
                                                                            Address server, std::string announced,
                                                                            Instant deadline) {
  return balance::connect_to(upstream, std::move(server), upstream.tls ? std::move(announced) : std::string(),
                             deadline);
}
inline std::string before_head(const balance::UpstreamOptions& upstream, const std::string& announced) {
  return upstream.tls ? std::string() : announced;
}

}  // namespace tandem::gateway
