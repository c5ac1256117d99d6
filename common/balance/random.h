// random: two different servers are drawn and the one with the smaller (n+1)/weight is taken: nearly as even as
// looking at all, without the herd that several balancers make when all see the same least loaded server.
#pragma once
#include "common/balance/picker.h"

namespace tandem::balance {

class Random final : public Picker {
 public:
  using Picker::Picker;
  Claim claim(const PickRequest& request) const override;
  std::optional<double> score(const Candidate& candidate, Instant) const override { return fullness(candidate); }
};

}  // namespace tandem::balance
