// The member "bounds" of /status: what is bounded, and how much of it is taken.
#pragma once
#include "common/base/json_writer.h"
#include "common/process/connection_limit.h"
#include "gateway/generation.h"

namespace tandem::gateway {

// An array of {"kind", "name", "taken", "limit"}: connections of the process, requests under way of upstreams that
// bound them, and of routes with `concurrency` (with "per" where each key has the limit for itself; taken are then
// all).
void write_bounds(JsonWriter& json, const Generation& generation, process::ConnectionLimits& limits);

}  // namespace tandem::gateway
