#include "common/balance/picker.h"

#include <algorithm>

#include "common/balance/least_connections.h"
#include "common/balance/random.h"
#include "common/balance/response_time.h"
#include "common/balance/round_robin.h"
#include "common/balance/source_hash.h"

namespace tandem::balance {

bool Picker::usable(const Candidate& candidate, const PickRequest& request) {
  const Server* server = candidate.server->get();
  if (candidate.any_state ? !server->usable_in_need() : !server->available()) return false;
  return std::ranges::find(request.tried, server) == request.tried.end();
}

std::vector<Rival> Picker::rivals(const PickRequest& request) const {
  std::vector<Rival> all;
  all.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) {
    Rival rival;
    rival.server = candidate->name();
    rival.in_flight = candidate->in_flight();
    rival.score = score(candidate, request.now);
    if (std::ranges::find(request.tried, candidate.server->get()) != request.tried.end()) {
      rival.passed_over = "tried";
    } else if (!usable(candidate, request)) {
      rival.passed_over = "unavailable";
    } else if (rival.in_flight >= candidate.max) {
      rival.passed_over = "full";
    } else {
      rival.passed_over = distrust(candidate, request);
    }
    all.push_back(std::move(rival));
  }
  return all;
}

bool Picker::take(const Candidate& candidate, Claim& claim) {
  if (candidate->claim(candidate.max)) {
    claim.candidate = &candidate;
    return true;
  }
  claim.full = true;
  return false;
}

Claim Picker::take_any(const PickRequest& request, std::size_t from) const {
  Claim claim;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& candidate = candidates_[(from + i) % candidates_.size()];
    if (usable(candidate, request) && take(candidate, claim)) break;
  }
  return claim;
}

std::unique_ptr<const Picker> make_picker(Policy policy, std::vector<Candidate> candidates, const Picker* previous) {
  switch (policy) {
    case Policy::least_connections: return std::make_unique<LeastConnections>(std::move(candidates));
    case Policy::response_time: return std::make_unique<ResponseTime>(std::move(candidates));
    case Policy::random: return std::make_unique<Random>(std::move(candidates));
    case Policy::source_hash:
    case Policy::hash:
      return std::make_unique<SourceHash>(std::move(candidates), dynamic_cast<const SourceHash*>(previous));
    case Policy::round_robin: break;
  }
  return std::make_unique<RoundRobin>(std::move(candidates), dynamic_cast<const RoundRobin*>(previous));
}

std::uint64_t random_number() {
  static std::atomic<std::uint64_t> seeds{0x9e37'79b9'7f4a'7c15};
  thread_local std::uint64_t state =
      seeds.fetch_add(0x9e37'79b9'7f4a'7c15) ^ static_cast<std::uint64_t>(now().time_since_epoch().count());
  state += 0x9e37'79b9'7f4a'7c15;  // splitmix64
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

}  // namespace tandem::balance
