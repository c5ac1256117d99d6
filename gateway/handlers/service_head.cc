#include "gateway/handlers/service_head.h"

#include <array>

#include "common/http/websocket.h"
#include "common/http/write_head.h"

namespace tandem::gateway {
namespace {

std::string host_for(const Exchange& exchange, const HostConfig& host, const Address& server) {
  if (host.mode == HostMode::name) return host.name;
  if (host.mode == HostMode::preserve && !exchange.request.authority.empty()) {
    return std::string(exchange.request.authority);
  }
  return server.is_unix() ? "localhost" : server.to_string();
}

}  // namespace

Result<std::string> service_request_head(const Exchange& exchange, const HostConfig& host, const Address& server,
                                         const std::string& target) {
  return service_request_head(exchange, host, server, target, exchange.request.fields, exchange.request.framing);
}

Result<std::string> service_request_head(const Exchange& exchange, const HostConfig& host, const Address& server,
                                         const std::string& target, const http::Fields& fields,
                                         http::BodyFraming framing) {
  const std::string host_value = host_for(exchange, host, server);
  http::RequestOut out;
  out.method = exchange.request.method_text;
  out.path = target;
  out.host = host_value;
  out.framing = framing;
  if (exchange.websocket) out.upgrade = http::kWebSocket;
  const http::Forwarding& told = exchange.forwarding;
  const std::array<http::Field, 6> added = {{
      {"X-Request-Id", exchange.id, http::FieldId::x_request_id},
      {"traceparent", exchange.trace.traceparent(), http::FieldId::traceparent},
      {"X-Forwarded-For", told.forwarded_for, http::FieldId::x_forwarded_for},
      {"X-Forwarded-Proto", told.forwarded_proto, http::FieldId::x_forwarded_proto},
      {"X-Forwarded-Host", told.forwarded_host, http::FieldId::x_forwarded_host},
      {"Via", told.via, http::FieldId::via},
  }};
  std::string head;
  if (!http::write_request_head(head, out, fields, added)) {
    return fail(Origin::internal, "internal_error", "a control character would have got into the request's head");
  }
  return head;
}

Result<std::string> interim_head(http::ResponseHead& head) {
  if (const auto refused = http::strip_hop_by_hop(head.fields, head.connection)) {
    return fail(Origin::upstream, "upstream_protocol", std::string(refused->detail));
  }
  http::ResponseOut out;
  out.status = head.status;
  out.reason = head.reason;
  std::string bytes;
  if (!http::write_response_head(bytes, out, head.fields)) {
    return fail(Origin::internal, "internal_error", "a control character would have got into the head");
  }
  return bytes;
}

Result<void> take_service_head(http::ResponseHead& head, Response& response) {
  if (const auto refused = http::strip_hop_by_hop(head.fields, head.connection)) {
    return fail(Origin::upstream, "upstream_protocol", std::string(refused->detail));
  }
  response.status = head.status;
  response.reason = head.reason;
  response.framing = head.framing;
  response.declared_length = head.declared_length;
  response.fields = std::move(head.fields);
  return {};
}

}  // namespace tandem::gateway
