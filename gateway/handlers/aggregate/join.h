// Makes one answer of what the parts have given, in the declared order and always the same bytes of the same.
#pragma once
#include <expected>
#include <string>

#include "gateway/handlers/aggregate/run.h"

namespace tandem::gateway {

// The answer's body. A part whose value has no place in it fails now (see AggregateRun::fail()). Nothing: a required
// one has, or the answer would be too long.
std::optional<std::string> join_parts(AggregateRun& run, const AggregatePlan& plan, const AggregateConfig& config);

}  // namespace tandem::gateway
