// Finds routes that cannot stand together: two that are equally specific and can match the same request, and those
// that can never be chosen. Runs once, when a table is built. Private to the routing room.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/routing/table.h"

namespace tandem::routing {

struct ConflictInput {
  std::span<const RouteSpec> routes;
  const Methods& methods;
  const TrieBuild& build;  // after lay_out()
  std::span<const std::uint16_t> ports;
};

// Appends every conflict, sorted by route.
void find_conflicts(const ConflictInput& input, std::vector<Conflict>& conflicts);

}  // namespace tandem::routing
