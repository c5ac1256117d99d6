#include "gateway/handlers/aggregate/run.h"

#include <algorithm>

#include "common/async/scheduler.h"
#include "gateway/handlers/values.h"
#include "gateway/json/text.h"

namespace tandem::gateway {
namespace {

using State = PartState::State;
using json::Document;

constexpr std::string_view kCancelled = "cancelled";  // for the answer has failed already
constexpr std::size_t kLongestTarget = 8 * 1024;      // of a request line that values have made

Instant turn() { return async::Scheduler::current().now(); }

// A URL's values: separators stand between them as they are.
std::string for_url(const Reference& reference, const ReferenceValue& value,
                    std::span<const ReferenceValue> each_values) {
  if (reference.kind != Reference::Kind::joined) return routing::escaped(value.text);
  std::string joined;
  for (const ReferenceValue& one : each_values) {
    if (!joined.empty()) joined += reference.separator;
    joined += routing::escaped(one.text);
  }
  return joined;
}

// The same for a body, as text and as JSON.
ReferenceValue joined(std::span<const ReferenceValue> values, const std::string& separator) {
  ReferenceValue all;
  for (const ReferenceValue& one : values) {
    if (&one != values.data()) {
      all.text += separator;
      all.json += separator;
    }
    all.text += one.text;
    all.json += one.json;
  }
  return all;
}

}  // namespace

AggregateRun::AggregateRun(Exchange& exchange, const RouteConfig& route, const AggregatePlan& plan,
                           std::span<const Chain> chains)
    : exchange_(exchange),
      route_(route),
      plan_(plan),
      chains_(chains),
      parts_(plan.parts.size()),
      budget_{route.aggregate.max_size, false},
      group_(exchange.scope) {
  for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].waits_for = plan.parts[i].needs.size();
}

async::Task<void> AggregateRun::run() {
  group_.scope().set_deadline(deadline_after(exchange_.started, route_.timeout), Origin::upstream, "upstream_timeout");
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (plan_.parts[i].needs.empty()) start(i);
  }
  co_await group_.until_empty();
}

void AggregateRun::start(std::size_t part) { group_.spawn(run_part(part)); }

async::Task<void> AggregateRun::run_part(std::size_t part) {
  PartState& state = parts_[part];
  const Instant began = turn();
  state.state = State::running;
  state.span = exchange_.spans.begin(SpanKind::part, plan_.parts[part].name, began);
  state.body.is_list = plan_.parts[part].is_many() || (plan_.parts[part].each && plan_.parts[part].each->by);
  async::CancelScope scope(group_.scope());
  if (const auto& timeout = route_.parts[part].timeout) {
    scope.set_deadline(deadline_after(began, *timeout), Origin::upstream, "upstream_timeout");
  }
  co_await async::within(scope, obtain(part, scope));
  state.took = turn() - began;
  finish(part);
  end_span(part);
}

void AggregateRun::end_span(std::size_t part) {
  const PartState& state = parts_[part];
  if (!state.span) return;
  const bool skipped = state.state == State::skipped;
  gateway::end_span(state.span, skipped ? std::string_view() : state.failure.err);
  state.span->result = skipped                        ? "skipped"
                       : state.fallback               ? "fallback"
                       : state.state == State::failed ? "failed"
                       : state.failure.failed()       ? "incomplete"
                                                      : "ok";
  if (state.calls.size() == 1) state.span->status = static_cast<std::uint16_t>(state.calls.front().status);
}

// Who waited for it may begin; without a required one nobody need go on.
void AggregateRun::finish(std::size_t part) {
  settle(part);
  const PartState& state = parts_[part];
  if (plan_.parts[part].required && state.state != State::good) {
    if (!fatal_) fatal_ = part;
    group_.cancel(Error{Origin::internal, kCancelled, false, {}});
  }
  for (const std::size_t other : plan_.parts[part].serves) {
    if (--parts_[other].waits_for == 0) start(other);
  }
}

// What the calls amount to.
void AggregateRun::settle(std::size_t part) {
  PartState& state = parts_[part];
  if (state.state == State::skipped) {
    if (!plan_.parts[part].required) return;
    state.failure = {.err = "reference", .detail = "a value that it is asked with is null"};
  }
  std::size_t failed = 0;
  for (const CallResult& call : state.calls) {
    if (!call.failure.failed()) continue;
    if (!state.failure.failed() || state.failure.err == kCancelled) state.failure = call.failure;
    ++failed;
  }
  const bool all = failed > 0 && plan_.parts[part].each && plan_.parts[part].each->joined();
  state.failed_calls += all ? state.each.values.size() : failed;
  const bool nothing =
      state.failure.failed() && (!state.body.is_list || state.failed_calls >= state.each.values.size());
  const bool lacking = state.failure.failed() && plan_.parts[part].required;
  state.state = nothing || lacking ? State::failed : State::good;
  if (state.failure.failed()) stand_in(part);
}

void AggregateRun::stand_in(std::size_t part) {
  const PartPlan& plan = plan_.parts[part];
  PartState& state = parts_[part];
  if (!plan.fallback) return;
  const json::Tree::Origin fallback{&*plan.fallback, 0};
  state.fallback = true;
  if (state.body.values.empty()) {  // it has not come to that: it stands for all of it
    state.body.is_list = false;
    state.body.values.push_back(fallback);
    return;
  }
  for (json::Tree::Origin& value : state.body.values) {
    if (!value.document) value = fallback;
  }
}

void AggregateRun::fail(std::size_t part, PartFailure failure) {
  parts_[part].failure = std::move(failure);
  parts_[part].state = State::failed;
  parts_[part].fallback = false;
  if (plan_.parts[part].required && !fatal_) fatal_ = part;
  end_span(part);
}

bool AggregateRun::has_what_it_needs(std::size_t part) {
  PartState& state = parts_[part];
  bool skipped = false;
  for (const std::size_t need : plan_.parts[part].needs) {
    if (parts_[need].has_body()) continue;
    skipped = skipped || parts_[need].state == State::skipped;
    if (parts_[need].state == State::skipped) continue;
    state.failure = {.err = "dependency", .detail = "part " + plan_.parts[need].name + " is missing"};
    return false;
  }
  if (skipped) state.state = State::skipped;
  return !skipped;
}

// False: there is nothing to ask for, or no way to ask.
bool AggregateRun::find_values(std::size_t part, std::span<const Reference> references,
                               std::vector<ReferenceValue>& values) {
  PartState& state = parts_[part];
  for (const Reference& reference : references) {
    ReferenceValue& value = values.emplace_back();
    if (reference.kind == Reference::Kind::param) {
      value.text = routing::decode(exchange_.params.span()[reference.index], routing::Place::path);
      value.json = json::quote(value.text);
    } else if (reference.kind == Reference::Kind::part) {
      auto found = find_value(reference, parts_[reference.index].body);
      if (!found) {
        state.failure = std::move(found.error());
        return false;
      }
      if (!*found) {
        state.state = State::skipped;
        return false;
      }
      value = **std::move(found);
    }
  }
  return true;
}

async::Task<void> AggregateRun::obtain(std::size_t part, async::CancelScope& scope) {
  const PartPlan& plan = plan_.parts[part];
  PartState& state = parts_[part];
  if (!has_what_it_needs(part)) co_return;
  Values values;
  if (!find_values(part, plan.target_references, values.target)) co_return;
  if (plan.body) {
    std::vector<Reference> references;
    for (const BodyTemplate::Found& found : plan.body->references()) references.push_back(found.reference);
    if (!find_values(part, references, values.body)) co_return;
  }
  if (plan.each) {
    auto found = collect_values(plan, parts_[plan.each->part].body, route_.parts[part].max_elements);
    if (!found) {
      state.failure = std::move(found.error());
      co_return;
    }
    state.each = *std::move(found);
    if (plan.is_many()) co_return co_await call_each(part, scope, std::move(values));
    if (state.each.values.empty()) {
      if (!state.body.is_list) state.state = State::skipped;
      co_return;
    }
  }
  CallResult& result = state.calls.emplace_back();
  co_await make_call(part, scope, values, result);
  if (!plan.each || !plan.each->by) {
    state.body.values.emplace_back();
    if (result.document) state.body.values.back() = {&*result.document, result.root};
    co_return;
  }
  state.body.values.resize(state.each.values.size());
  if (!result.document) co_return;
  state.body.values = match_elements(*result.document, result.root, *plan.each->by, state.each.values);
  const auto missing =
      static_cast<std::size_t>(std::ranges::count(state.body.values, nullptr, &json::Tree::Origin::document));
  if (missing == 0) co_return;
  state.failed_calls = missing;
  state.failure = {.err = "missing", .detail = "the service has left out some of what it was asked for"};
}

// One call for each value, some at a time.
async::Task<void> AggregateRun::call_each(std::size_t part, async::CancelScope& scope, Values values) {
  PartState& state = parts_[part];
  const std::size_t count = state.each.values.size();
  state.calls.resize(count);
  state.body.values.resize(count);
  std::size_t next = 0;
  {
    async::TaskGroup turns(scope);
    for (std::size_t i = 0; i < std::min<std::size_t>(count, route_.parts[part].parallel); ++i) {
      turns.spawn(take_turns(part, scope, values, next));
    }
    co_await turns.until_empty();
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (state.calls[i].document) state.body.values[i] = {&*state.calls[i].document, state.calls[i].root};
  }
}

async::Task<void> AggregateRun::take_turns(std::size_t part, async::CancelScope& scope, Values& values,
                                           std::size_t& next) {
  PartState& state = parts_[part];
  const PartPlan& plan = plan_.parts[part];
  while (next < state.calls.size()) {
    const std::size_t mine = next++;
    Values own = values;
    for (std::size_t i = 0; i < own.target.size(); ++i) {
      if (plan.target_references[i].kind == Reference::Kind::each) own.target[i] = state.each.values[mine];
    }
    for (std::size_t i = 0; i < own.body.size(); ++i) {
      if (plan.body->references()[i].reference.kind == Reference::Kind::each) own.body[i] = state.each.values[mine];
    }
    co_await make_call(part, scope, own, state.calls[mine]);
    // Without all of them there is no answer.
    if (plan.required && state.calls[mine].failure.failed()) scope.cancel({Origin::internal, kCancelled, false, {}});
  }
}

async::Task<void> AggregateRun::make_call(std::size_t part, async::CancelScope& scope, const Values& values,
                                          CallResult& result) {
  const PartPlan& plan = plan_.parts[part];
  if (scope.cancelled()) {
    result.failure = {.err = part_error(*scope.reason()), .detail = scope.reason()->detail};
    co_return;
  }
  const std::span<const ReferenceValue> each_values = parts_[part].each.values;
  std::vector<std::string> escaped;
  for (std::size_t i = 0; i < plan.target_references.size(); ++i) {
    escaped.push_back(for_url(plan.target_references[i], values.target[i], each_values));
  }
  CallOrder order{route_.parts[part], plan, chains_[part], budget_, parts_[part].span, {}, {}};
  routing::TemplateValues drawn = template_values(exchange_);
  drawn.references = escaped;
  if (auto written = plan.target.append_to(order.target, drawn); !written) {
    result.failure = {.err = "reference", .detail = std::move(written.error().detail)};
    co_return;
  }
  if (order.target.size() > kLongestTarget) {
    result.failure = {.err = "too_many", .detail = "the request line would be too long"};
    co_return;
  }
  if (plan.body) {
    std::vector<ReferenceValue> drawn_values = values.body;
    for (std::size_t i = 0; i < drawn_values.size(); ++i) {
      const Reference& reference = plan.body->references()[i].reference;
      if (reference.kind == Reference::Kind::joined) drawn_values[i] = joined(each_values, reference.separator);
    }
    order.body = plan.body->render(drawn_values);
  }
  result = co_await call_service(exchange_, scope, std::move(order));
}

}  // namespace tandem::gateway
