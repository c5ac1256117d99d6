// The parts of one answer on their way: each begins as soon as those that it waits for are there. Owned by the
// handler's coroutine; when run() has ended nothing is under way any more.
#pragma once
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/async/task_group.h"
#include "gateway/exchange.h"
#include "gateway/filters/chain.h"
#include "gateway/handlers/aggregate/call.h"
#include "gateway/handlers/aggregate/plan.h"
#include "gateway/handlers/aggregate/values.h"

namespace tandem::gateway {

// What became of one part.
struct PartState {
  enum class State : std::uint8_t { waiting, running, good, failed, skipped };
  State state = State::waiting;
  std::size_t waits_for = 0;  // parts that are not there yet
  EachValues each;
  std::deque<CallResult> calls;  // where they are made, they stay: origins point into them
  PartBody body;
  PartFailure failure;  // the first, in the order of the values; the part may be good nevertheless
  std::size_t failed_calls = 0;
  bool fallback = false;  // it stands in for the part, or for one of its values
  Duration took{};
  Span* span = nullptr;  // null where none are noted

  bool has_body() const { return state == State::good || (state == State::failed && fallback); }
};

class AggregateRun {
 public:
  // Everything outlives the run. `chains`: of the parts, in their order.
  AggregateRun(Exchange& exchange, const RouteConfig& route, const AggregatePlan& plan, std::span<const Chain> chains);
  AggregateRun(const AggregateRun&) = delete;
  AggregateRun& operator=(const AggregateRun&) = delete;

  // Ends when all parts have, when a required one has failed, or when the client has left.
  async::Task<void> run();

  std::span<PartState> parts() { return parts_; }
  // The required part without which there is no answer.
  std::optional<std::size_t> fatal() const { return fatal_; }
  bool too_large() const { return budget_.exceeded; }
  // A part has failed since, for what it says has no place in the answer.
  void fail(std::size_t part, PartFailure failure);

 private:
  // What a call of a part needs to be made.
  struct Values {
    std::vector<ReferenceValue> target, body;
  };

  void start(std::size_t part);
  async::Task<void> run_part(std::size_t part);
  async::Task<void> obtain(std::size_t part, async::CancelScope& scope);
  async::Task<void> call_each(std::size_t part, async::CancelScope& scope, Values values);
  async::Task<void> take_turns(std::size_t part, async::CancelScope& scope, Values& values, std::size_t& next);
  async::Task<void> make_call(std::size_t part, async::CancelScope& scope, const Values& values, CallResult& result);
  void finish(std::size_t part);
  void end_span(std::size_t part);
  void settle(std::size_t part);
  void stand_in(std::size_t part);
  bool find_values(std::size_t part, std::span<const Reference> references, std::vector<ReferenceValue>& values);
  bool has_what_it_needs(std::size_t part);

  Exchange& exchange_;
  const RouteConfig& route_;
  const AggregatePlan& plan_;
  const std::span<const Chain> chains_;
  std::vector<PartState> parts_;
  ByteBudget budget_;
  std::optional<std::size_t> fatal_;
  async::TaskGroup group_;
};

}  // namespace tandem::gateway
