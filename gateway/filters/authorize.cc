#include "gateway/filters/authorize.h"

#include <algorithm>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "gateway/error_answer.h"
#include "gateway/exchange.h"
#include "gateway/filters/request_facts.h"

namespace tandem::gateway {
namespace {

// RFC 6750 §3.1: 401 for who has shown nothing, 403 for whose credential does not go far enough. Nothing that could be
// shown would open a public route.
Response refuse(Exchange& exchange, bool is_public, std::string missing, const char* error) {
  const bool known = exchange.identity || is_public;
  Response response = declined(known ? "forbidden" : "unauthenticated", {}, exchange);
  exchange.report.detail = std::move(missing);
  if (!known) response.add("WWW-Authenticate", "Bearer");
  if (known && error) response.add("WWW-Authenticate", error);
  return response;
}

async::Task<Result<Response>> answer(Response response) { co_return response; }

Counter reported(const std::string& route, const char* policy) {
  return Counters::counter("gateway_reported_total", "Requests that a policy with mode = \"report\" would have refused",
                           {{"route", route}, {"policy", policy}});
}

}  // namespace

const std::string* missing_scope(const std::vector<std::string>& scopes, const Identity* identity) {
  const auto has = [&](const std::string& scope) {
    return identity && std::ranges::find(identity->scopes, scope) != identity->scopes.end();
  };
  const auto missing = std::ranges::find_if_not(scopes, has);
  return missing == scopes.end() ? nullptr : &*missing;
}

Authorize::Authorize(const RouteConfig& route, std::optional<policy::Rule> rule)
    : route_(route.name),
      is_public_(route.is_public),
      scopes_(route.auth.scopes),
      rule_(std::move(rule)),
      rule_reports_(route.auth.allow.report) {
  if (scopes_.report) scopes_missed_ = reported(route_, "scopes");
  if (rule_ && rule_reports_) rule_missed_ = reported(route_, "allow");
}

bool Authorize::reports(bool only, Counter counter, const Exchange& exchange, const std::string& missing) const {
  if (!only) return false;
  counter.add();
  if (pace_.due(async::Scheduler::current().now())) {
    log_warn("route \"{}\": request {} would have been refused: {}", route_, exchange.id, missing);
  }
  return true;
}

async::Task<Result<Response>> Authorize::handle(Exchange& exchange, Next next) const {
  if (const std::string* scope = missing_scope(scopes_.all, exchange.identity.get())) {
    std::string missing = "the scope " + *scope + " is missing";
    if (!reports(scopes_.report, scopes_missed_, exchange, missing)) {
      return answer(refuse(exchange, is_public_, std::move(missing), "Bearer error=\"insufficient_scope\""));
    }
  }
  if (!rule_) return next(exchange);
  const RequestFacts facts(exchange);
  if (rule_->evaluate(facts) == policy::Truth::yes) return next(exchange);
  std::string missing = "allow: " + to_text(rule_->reasons(facts));
  if (reports(rule_reports_, rule_missed_, exchange, missing)) return next(exchange);
  return answer(refuse(exchange, is_public_, std::move(missing), nullptr));
}

}  // namespace tandem::gateway
