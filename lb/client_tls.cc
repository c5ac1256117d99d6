#include "lb/client_tls.h"

#include "common/base/counters.h"
#include "common/net/tls_handshake.h"
#include "lb/first_bytes.h"
#include "lb/listener.h"

namespace tandem::lb {
namespace {

// By the name each time: the registry keeps the numbers, and a handshake costs a thousand times more.
void count_handshake(const Listener& listener, std::string_view result) {
  Counters::counter("lb_tls_handshakes_total", "Handshakes of TLS with clients, by how they ended",
                    {{"listener", listener.config().name}, {"result", std::string(result)}})
      .add();
}

// In the words of the access log.
Error ending_of(Error error, const net::TlsSession* session) {
  if (error.reason == "timeout") {
    error.reason = "handshake_timeout";
    error.detail = "the handshake of TLS did not end in time";
  }
  if (error.reason == "tls_plain_http") error.reason = "not_tls";
  if (error.reason == "tls_handshake" && session) {
    using Leaving = net::TlsSession::Leaving;
    if (session->left() == Leaving::ended) error.reason = "client";
    if (session->left() == Leaving::reset) error.reason = "reset_by_client";
  }
  return error;
}

ClientFacts facts_of(net::TlsFacts tls) {
  net::ProxyTls told = net::proxy_tls(tls);
  return {std::move(tls.sni), std::move(tls.alpn), std::move(told)};
}

}  // namespace

async::Task<Result<ClientFacts>> accept_client_tls(Listener& listener, IpEndpoint peer, net::Stream& client,
                                                   std::string already_read, Instant deadline) {
  auto shaken = co_await net::accept_tls(client, *listener.config().tls->context, already_read, deadline);
  if (shaken) {
    net::TlsFacts facts = client.socket().tls()->facts();
    count_handshake(listener, facts.resumed ? "resumed" : "new");
    co_return facts_of(std::move(facts));
  }
  if (shaken.error().origin != Origin::client) co_return std::unexpected(std::move(shaken.error()));
  count_handshake(listener, net::handshake_failure(shaken.error()));
  Error error = ending_of(std::move(shaken.error()), client.socket().tls());
  const bool has_left = error.reason == "client" || error.reason == "reset_by_client";
  if (has_left) co_return std::unexpected(std::move(error));  // as a check of the port does: nothing to tell
  co_return refuse(listener, peer, std::move(error));
}

}  // namespace tandem::lb
