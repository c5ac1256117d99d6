#include "common/balance/least_connections.h"

namespace tandem::balance {

Claim LeastConnections::claim(const PickRequest& request) const {
  Claim claim;
  const std::size_t count = candidates().size();
  const std::size_t from = rotation_.fetch_add(1, std::memory_order_relaxed);
  for (;;) {
    const Candidate* best = nullptr;
    std::uint32_t best_seen = 0;
    double best_score = 0;
    claim.full = false;
    for (std::size_t i = 0; i < count; ++i) {
      const Candidate& candidate = candidates()[(from + i) % count];
      if (!usable(candidate, request)) continue;
      const std::uint32_t seen = candidate->in_flight();
      if (seen >= candidate.max) {
        claim.full = true;
        continue;
      }
      const double score = (seen + 1.0) / candidate.weight;
      if (!best || score < best_score) {
        best = &candidate;
        best_seen = seen;
        best_score = score;
      }
    }
    if (!best) return claim;
    if ((*best)->claim_from(best_seen)) return {.candidate = best, .full = false};
  }
}

}  // namespace tandem::balance
