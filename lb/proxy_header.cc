#include "lb/proxy_header.h"

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "lb/first_bytes.h"
#include "lb/listener.h"

namespace tandem::lb {

async::Task<Result<ReceivedHeader>> receive_proxy_header(net::Stream& client, Instant deadline) {
  std::string received;
  while (true) {
    auto more = co_await read_more(client, received, deadline, "PROXY header");
    if (!more) co_return std::unexpected(std::move(more.error()));
    auto header = net::read_proxy_header(received);
    if (!header) co_return std::unexpected(std::move(header.error()));
    if (*header) co_return ReceivedHeader{std::move(**header), received.substr((*header)->size)};
  }
}

std::string proxy_header_for_server(balance::ProxyProtocol version, const Connection& connection,
                                    const Address& destination, const ClientFacts& facts) {
  std::string header;
  // Who comes by a unix socket has no address of its own.
  const Address source = destination.is_unix() ? destination : Address(connection.client);
  std::vector<net::ProxyTlv> tlvs = {{net::ProxyTlvType::unique_id, connection.id.view()}};
  if (!facts.protocol.empty()) tlvs.push_back({net::ProxyTlvType::alpn, facts.protocol});
  if (!facts.server_name.empty()) tlvs.push_back({net::ProxyTlvType::authority, facts.server_name});
  const std::string tls = facts.tls ? net::proxy_tls_value(*facts.tls) : std::string();
  if (facts.tls) tlvs.push_back({net::ProxyTlvType::ssl, tls});
  switch (version) {
    case balance::ProxyProtocol::off: break;
    case balance::ProxyProtocol::v1: net::append_proxy_v1(header, source, destination); break;
    case balance::ProxyProtocol::v2: net::append_proxy_v2(header, source, destination, tlvs); break;
  }
  return header;
}

void warn_of_refusal(Listener& listener, const IpEndpoint& peer, std::string_view end, std::string_view why) {
  if (!listener.shared().refusals.due(async::Scheduler::current().now())) return;
  log_warn("listener \"{}\": connection from {} closed: {} ({})", listener.config().name, peer.to_string(), why, end);
}

}  // namespace tandem::lb
