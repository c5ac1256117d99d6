// Passive ejection: real traffic fails on a server several times in a row, so it is left out for a while. Pure rules;
// UpstreamState applies them under its lock.
#pragma once
#include <cstddef>
#include <cstdint>

#include "common/balance/options.h"

namespace tandem::balance {

// Within this time, failures of half of an upstream are one event: more likely ours, the network's or the request's
// fault than theirs.
inline constexpr Duration kEjectionInterval = std::chrono::seconds(10);
inline constexpr std::uint32_t kMaxEjectionGrowth = 10;  // the longest time is this many times the configured one

// What is remembered of one server.
struct EjectionRecord {
  std::uint32_t in_a_row = 0;
  Instant until{};       // the end of the last ejection
  Instant tripped_at{};  // when it last failed `after` times in a row
};

// What the upstream looks like at the moment of the decision.
struct EjectionCounts {
  std::size_t servers = 0;
  std::size_t ejected = 0;           // now, this one left out
  std::size_t others_available = 0;  // servers that could take its share
  std::size_t tripped = 0;           // within kEjectionInterval, this one included
};

enum class EjectionVerdict : std::uint8_t {
  eject,
  half_fails,   // the guard: at least two, and at least half of the upstream, failed in one interval
  too_many,     // `max` are out already
  none_beside,  // nobody could take its share: ejecting would only turn some failures into all
};

EjectionVerdict judge_ejection(const EjectOptions& options, const EjectionCounts& counts);

// How long the next ejection lasts: the configured time, twice, three times it ... with each in a row. A server that
// stayed in for as long as its last ejection took begins anew.
Duration begin_ejection(const EjectOptions& options, EjectionRecord& record, Instant now);

}  // namespace tandem::balance
