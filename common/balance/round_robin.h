// round_robin: one smooth weighted sequence, computed ahead, with one index shared by all workers: exact over all of
// them. Each server of weight w stands w times in a turn, evenly spaced; servers of equal weight are staggered, so
// that 5,1,1 gives "a b a a a c a" and equal weights plain rotation.
#pragma once
#include <atomic>
#include <vector>

#include "common/balance/picker.h"

namespace tandem::balance {

struct Place {
  float at = 0;  // of the turn, 0 to 1
  std::uint16_t server = 0;
  auto operator<=>(const Place&) const = default;
};

// The order of one turn, servers as indices into `weights`. Only servers with `counts` are in it; the others still have
// their places, so that those of the rest don't change when one comes or goes.
std::vector<Place> smooth_sequence(std::span<const double> weights, const std::vector<bool>& counts);

class RoundRobin final : public Picker {
 public:
  RoundRobin(std::vector<Candidate> candidates, const RoundRobin* previous);
  Claim claim(const PickRequest& request) const override;

 private:
  const std::vector<Place> order_;
  mutable std::atomic<std::uint64_t> next_;
};

}  // namespace tandem::balance
