// Why a request went where it went: for every route of a table the first thing that kept it from being chosen. Looks
// at all routes one by one and allocates; for `gateway explain` and for tests, not for serving.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/routing/table.h"

namespace tandem::routing {

struct Verdict {
  enum class Kind : std::uint8_t { chosen, host, port, path, method, condition, repeated, less_specific };

  Kind kind = Kind::chosen;
  std::size_t fitting = 0;  // how many segments of its path fit, from the first on
  std::string why;          // a phrase such as: segment 2 is "me", not a uint; empty when chosen

  bool matches() const { return kind == Kind::chosen || kind == Kind::less_specific; }
};

// One verdict per route, in the order of table.routes().
std::vector<Verdict> explain(const RouteTable& table, const RouteRequest& request);

}  // namespace tandem::routing
