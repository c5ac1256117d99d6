#include "gateway/handlers/announcement.h"

#include <optional>
#include <vector>

#include "common/net/proxy_protocol.h"

namespace tandem::gateway {
namespace {

// Behind a proxy that is trusted the client's port is not known.
Address client_of(const Exchange& exchange) {
  return Address(exchange.client == exchange.peer.ip ? exchange.peer : IpEndpoint{exchange.client, 0});
}

}  // namespace

std::string announcement(balance::ProxyProtocol version, const Exchange& exchange) {
  std::string header;
  if (version == balance::ProxyProtocol::off) return header;
  const Address destination = exchange.body.local_address();
  const Address source = destination.is_unix() && exchange.client == IpAddress{} ? destination : client_of(exchange);
  if (version == balance::ProxyProtocol::v1) {
    net::append_proxy_v1(header, source, destination);
    return header;
  }
  std::vector<net::ProxyTlv> tlvs = {{net::ProxyTlvType::unique_id, exchange.id}};
  std::string tls;
  if (exchange.tls) {
    tls = net::proxy_tls_value(net::proxy_tls(*exchange.tls));
    if (!exchange.tls->alpn.empty()) tlvs.push_back({net::ProxyTlvType::alpn, exchange.tls->alpn});
    if (!exchange.tls->sni.empty()) tlvs.push_back({net::ProxyTlvType::authority, exchange.tls->sni});
    tlvs.push_back({net::ProxyTlvType::ssl, tls});
  }
  net::append_proxy_v2(header, source, destination, tlvs);
  return header;
}

}  // namespace tandem::gateway
