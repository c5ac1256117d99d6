// Where parts go in the answer: compiles `put`, and finds out for parts of `each` into whose elements they are put. The
// last step of making a plan.
#pragma once
#include <functional>

#include "gateway/handlers/aggregate/plan.h"

namespace tandem::gateway {

// The plan's dependencies are sound. False when something was wrong, which has been said.
bool place_parts(AggregatePlan& plan, const RouteConfig& route, const std::function<void(const PlanMistake&)>& report);

}  // namespace tandem::gateway
