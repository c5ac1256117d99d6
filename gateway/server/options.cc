#include "gateway/server/options.h"

#include "gateway/filters/cors.h"
#include "gateway/generation.h"

namespace tandem::gateway {

bool is_ours_to_answer(const http::RequestHead& request, const NotRouted& why) {
  if (request.method != http::Method::options) return false;
  return !why.allow.empty() || request.form == http::TargetForm::asterisk;
}

Response options_answer(std::string allow) {
  Response response;
  response.status = 204;
  if (!allow.empty()) response.add("Allow", std::move(allow));
  return response;
}

bool find_preflight(Exchange& exchange, std::uint16_t port) {
  if (exchange.request.method != http::Method::options) return false;
  const std::string_view method = preflight_method(exchange.request);
  if (method.empty()) return false;
  const RequestFields fields(exchange.request);
  const routing::RouteRequest request = {exchange.request.host, port, method, exchange.path, &fields};
  const routing::Lookup found = exchange.generation->table->find(request, exchange.params);
  if (found.outcome != routing::Lookup::Outcome::route) return false;
  const Route& route = exchange.generation->routes[found.route];
  if (!route.answers_preflights || (!route.encoded_slashes && exchange.path.contains("%2F"))) return false;
  exchange.route = &route;
  return true;
}

}  // namespace tandem::gateway
