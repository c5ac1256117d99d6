#include "gateway/filters/authorize.h"

#include <algorithm>
#include <optional>

#include "gateway/error_answer.h"
#include "gateway/exchange.h"

namespace tandem::gateway {
namespace {

// RFC 6750 §3.1: 401 for who has shown nothing, 403 for whose token does not go far enough.
Response refuse(Exchange& exchange, const std::string& missing) {
  Response response = declined(exchange.identity ? "forbidden" : "unauthenticated", {}, exchange);
  exchange.report.detail = "the scope " + missing + " is missing";
  response.add("WWW-Authenticate", exchange.identity ? "Bearer error=\"insufficient_scope\"" : "Bearer");
  return response;
}

async::Task<Result<Response>> answer(Response response) { co_return response; }

}  // namespace

async::Task<Result<Response>> Authorize::handle(Exchange& exchange, Next next) const {
  const auto has = [&](const std::string& scope) {
    return exchange.identity && std::ranges::find(exchange.identity->scopes, scope) != exchange.identity->scopes.end();
  };
  const auto missing = std::ranges::find_if_not(scopes_, has);
  if (missing == scopes_.end()) return next(exchange);
  return answer(refuse(exchange, *missing));
}

}  // namespace tandem::gateway
