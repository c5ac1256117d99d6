// response_time: score = (connect time + response time) * (n+1) / weight, both peak averages; the better of two is
// taken, of up to three servers the best of all. Scores within a fifth count as equal and go round, so that equal
// servers share.
//
// A server without samples stands at the upstream's median; one without traffic drifts there. One whose open
// turnaround is older than its average counts with that age. A server is *suspect* once it has kept a client waiting,
// and answered nobody, for 500 ms and ten times the median: it is not picked until it answers one or passes a check
// above TCP; where there is no such check one trial in a growing interval finds out. When over half of the servers are
// suspect, suspicion is ignored.
#pragma once
#include <atomic>

#include "common/balance/picker.h"

namespace tandem::balance {

class ResponseTime final : public Picker {
 public:
  using Picker::Picker;
  Claim claim(const PickRequest& request) const override;
  std::optional<double> score(const Candidate& candidate, Instant now) const override;  // in nanoseconds

  static bool is_suspect(const Server& server, Instant now);

 private:
  std::string_view distrust(const Candidate& candidate, const PickRequest& request) const override;
  const Candidate* better(const Candidate* one, const Candidate* two, Instant now) const;
  const Candidate* best_of_all(const PickRequest& request, bool suspects_too) const;
  const Candidate* better_of_two(const PickRequest& request) const;
  const Candidate* trial(const PickRequest& request) const;
  bool trusted(const Candidate& candidate, const PickRequest& request) const;
  void renew_medians(Instant now) const;

  mutable std::atomic<std::uint32_t> rotation_{0};
};

}  // namespace tandem::balance
