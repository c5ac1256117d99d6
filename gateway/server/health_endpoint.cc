#include "gateway/server/health_endpoint.h"

#include "common/observe/readiness.h"
#include "gateway/server/connection.h"
#include "gateway/worker.h"

namespace tandem::gateway {

std::optional<Response> health_answer(const Connection& connection, const Exchange& exchange) {
  const bool livez = exchange.path == "/livez";
  if ((!livez && exchange.path != "/readyz") || connection.proxied()) return std::nullopt;
  if (exchange.request.method != http::Method::get && exchange.request.method != http::Method::head)
    return std::nullopt;
  if (!connection.listener().may_ask_health(connection.client().ip)) return std::nullopt;
  Response response;
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  response.fields.add("Cache-Control", "no-store");
  if (livez) {
    response.text = "alive\n";
  } else {
    const observe::ReadinessAnswer answer = observe::readiness_answer();
    response.status = answer.status;
    response.text = answer.body;
    if (!observe::admin_address().empty()) response.fields.add(observe::kGatewayAdminHeader, observe::admin_address());
    if (!answer.gateway_state.empty()) response.fields.add(observe::kGatewayStateHeader, answer.gateway_state);
  }
  response.framing = http::BodyFraming::of_length(response.text.size());
  return response;
}

}  // namespace tandem::gateway
