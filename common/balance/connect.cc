#include "common/balance/connect.h"

#include <cassert>

#include "common/net/tls_handshake.h"

namespace tandem::balance {

async::Task<Result<std::unique_ptr<net::Stream>>> connect_with(const net::TlsClientContext* context, Address server,
                                                               std::string name, std::string before_tls,
                                                               Instant deadline) {
  auto stream = co_await net::connect(server, deadline);
  if (!stream || !context) co_return stream;
  if (auto sent = co_await (*stream)->write_all(std::span<const char>(before_tls), deadline); !sent) {
    if (sent.error().reason == "timeout") {
      co_return fail(Origin::upstream, "upstream_connect_timeout", server.to_string() + " reads nothing", true);
    }
    if (sent.error().reason != "reset") co_return std::unexpected(std::move(sent.error()));
    co_return fail(Origin::upstream, "upstream_connect", std::move(sent.error().detail), true);
  }
  auto shaken = co_await net::connect_tls(**stream, *context, server, name, deadline);
  if (!shaken) co_return std::unexpected(std::move(shaken.error()));
  co_return stream;
}

async::Task<Result<std::unique_ptr<net::Stream>>> connect_to(const UpstreamOptions& upstream, Address server,
                                                             std::string before_tls, Instant deadline) {
  assert((upstream.tls || before_tls.empty()) && "without TLS it goes with the first bytes");
  return connect_with(upstream.tls ? upstream.tls->context.get() : nullptr, std::move(server), own_name(upstream),
                      std::move(before_tls), deadline);
}

FailureKind connect_failure(const Error& error) {
  if (error.reason == "upstream_connect_timeout") return FailureKind::timeout;
  return error.reason == "upstream_tls" ? FailureKind::tls : FailureKind::refused;
}

std::string own_name(const UpstreamOptions& upstream) {
  return upstream.discovery && !upstream.discovery->services() ? upstream.discovery->name : std::string();
}

const net::TlsClientContext& check_context(const UpstreamOptions& upstream) {
  if (upstream.tls) return *upstream.tls->context;
  static const auto anybody = net::TlsClientContext::make(
      {.verify = net::TlsClientOptions::Verify::off, .ca = {}, .server_name = {}, .identity = {}, .alpn = {}});
  return **anybody;
}

}  // namespace tandem::balance
