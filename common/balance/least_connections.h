// least_connections: the smallest (n+1)/weight over all servers; ties go round. The chosen counter is claimed by
// compare-and-swap from the value that was seen, and all are looked at again when another worker was faster: exact in a
// process.
#pragma once
#include <atomic>

#include "common/balance/picker.h"

namespace tandem::balance {

class LeastConnections final : public Picker {
 public:
  using Picker::Picker;
  Claim claim(const PickRequest& request) const override;
  std::optional<double> score(const Candidate& candidate, Instant) const override { return fullness(candidate); }

 private:
  mutable std::atomic<std::uint32_t> rotation_{0};
};

}  // namespace tandem::balance
