// Charging one request to several limits: to all of them, or to none. Exact over all workers.
#pragma once
#include <cstdint>
#include <span>

#include "gateway/rate_limit/limit.h"

namespace tandem::gateway {

// What is left of a limit, for its fields.
struct Standing {
  std::uint64_t left = 0;  // how many more may come now
  Duration more{};         // how long until there is more; of who is refused, until this request could come
};

// One limit that a request is charged to. What is written behind `report` is the outcome.
struct Charge {
  const Limit* limit = nullptr;
  const Allowance* allowance = nullptr;
  limit::Key key{};
  std::uint64_t cost = 1;
  bool report = false;  // it refuses nothing

  bool fits = true;          // there was enough left for it
  bool known = true;         // how it stands: it was asked for, and counted somewhere
  bool unavailable = false;  // the place where it is counted was out, and it was decided without counting
  Standing rate{}, quota{};
  Duration wait{};  // until it would fit; zero if it does
};

// Whether the request may come: every charge fits, but for those that only report. Then those that fit have been taken;
// else nothing has. `wall` decides what day it is. At most kMostLimits charges, each of another limit.
bool charge(std::span<Charge> charges, Instant now, WallTime wall);

// Takes back what charge() has taken for a request that was refused elsewhere.
void give_back(std::span<Charge> charges, WallTime wall);

}  // namespace tandem::gateway
