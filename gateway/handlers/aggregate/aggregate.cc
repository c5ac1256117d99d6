#include "gateway/handlers/aggregate/aggregate.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/log.h"
#include "gateway/error_answer.h"
#include "gateway/handlers/aggregate/join.h"
#include "gateway/handlers/aggregate/run.h"

namespace tandem::gateway {
namespace {

using State = PartState::State;

constexpr std::string_view kField = "Gateway-Parts";

Counter counter(const std::string& route, const std::string& part, std::string_view result) {
  return Counters::counter("gateway_parts_total", "Parts of aggregates, by what became of them",
                           {{"route", route}, {"part", part}, {"result", std::string(result)}});
}

}  // namespace

Aggregate::Aggregate(const RouteConfig& route, const routing::MatchPattern& pattern, std::vector<Chain> chains)
    : route_(route), plan_(make_plan(route, pattern, [](const PlanMistake&) {})), chains_(std::move(chains)) {
  for (const PartPlan& part : plan_.parts) {
    metrics_.push_back({counter(route.name, part.name, "ok"),
                        Counters::histogram("gateway_part_seconds", "Time from a part's begin to its last byte",
                                            {{"route", route.name}, {"part", part.name}})});
  }
}

async::Task<Result<Response>> Aggregate::handle(Exchange& exchange) const {
  AggregateRun run(exchange, route_, plan_, chains_);
  co_await run.run();
  const bool cancelled = exchange.scope.cancelled();
  std::optional<std::string> body;
  if (!cancelled && !run.fatal() && !run.too_large()) body = join_parts(run, plan_, route_.aggregate);
  exchange.report.parts = tell(run);
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) count(i, run.parts()[i]);
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
    const PartState& part = run.parts()[i];
    for (const CallResult& call : part.calls) exchange.report.attempts += call.attempts;
    if (!part.failure.failed()) continue;
    log_debug("request {}: part {}: {}: {}", exchange.id, plan_.parts[i].name, part.failure.err, part.failure.detail);
  }
  if (cancelled) co_return std::unexpected(*exchange.scope.reason());
  co_return body ? joined(exchange, run, *std::move(body)) : failed(exchange, run);
}

Response Aggregate::joined(Exchange& exchange, AggregateRun& run, std::string body) const {
  Response response;
  response.text = std::move(body);
  response.framing = http::BodyFraming::of_length(response.text.size());
  response.fields.add("Content-Type", "application/json");
  Freshness freshness;
  for (const PartState& part : run.parts()) {
    if (part.failure.failed()) freshness.incomplete();
    for (const CallResult& call : part.calls) {
      if (!call.failure.failed()) freshness.add(call.freshness);
    }
  }
  if (std::string value = freshness.cache_control(); !value.empty()) response.add("Cache-Control", std::move(value));
  if (std::string value = freshness.vary(); !value.empty()) response.add("Vary", std::move(value));
  response.add(kField, exchange.report.parts);
  return response;
}

// What the first required part to fail has to say decides the status.
Response Aggregate::failed(Exchange& exchange, AggregateRun& run) const {
  PartFailure failure{.err = "too_large", .detail = "the parts' bodies together, or the answer, are too long"};
  std::string detail = failure.detail;
  if (run.fatal()) {
    failure = run.parts()[*run.fatal()].failure;
    detail = fmt::format("part {}: {}: {}", plan_.parts[*run.fatal()].name, failure.err, failure.detail);
  }
  Response response =
      error_answer(Error{Origin::upstream, "part_failed", false, std::move(detail)}, exchange, status_of(failure));
  if (!failure.retry_after.empty()) response.add("Retry-After", failure.retry_after);
  if (response.status == 401) response.add("WWW-Authenticate", failure.authenticate);
  response.add("Cache-Control", "no-store");
  response.add(kField, exchange.report.parts);
  return response;
}

std::string Aggregate::tell(AggregateRun& run) const {
  std::string list;
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
    const PartState& state = run.parts()[i];
    PartTold told;
    told.name = plan_.parts[i].name;
    told.err = state.failure.err;
    if (state.state == State::waiting) told.err = "cancelled";
    told.skipped = state.state == State::skipped;
    told.fallback = state.fallback;
    if (plan_.parts[i].each) told.calls = state.calls.size();
    told.failed_calls = plan_.parts[i].each ? state.failed_calls : 0;
    if (!state.calls.empty()) {
      const auto shown = std::ranges::find_if(state.calls, [](const CallResult& c) { return c.failure.failed(); });
      const CallResult& call = shown == state.calls.end() ? state.calls.front() : *shown;
      told.status = call.status;
      told.cache = state.calls.size() == 1 ? call.cache : std::string_view();
      told.took = state.took;
    }
    append_part(list, told);
  }
  return list;
}

void Aggregate::count(std::size_t part, const PartState& state) const {
  if (!state.calls.empty()) metrics_[part].seconds.observe(state.took);
  const std::string_view result = state.state == State::skipped   ? "skipped"
                                  : state.state == State::waiting ? "cancelled"
                                                                  : state.failure.err;
  result.empty() ? metrics_[part].good.add() : counter(route_.name, plan_.parts[part].name, result).add();
}

}  // namespace tandem::gateway
