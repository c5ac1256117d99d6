#include "common/balance/response_time.h"

#include <algorithm>

namespace tandem::balance {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLookAtAll = 3;
constexpr int kDraws = 4;
constexpr double kEqual = 1.2;
constexpr Duration kSuspectAfter = 500ms;
constexpr double kSuspectMedians = 10;

double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);  // of two the faster
  std::ranges::nth_element(values, middle);
  return *middle;
}

double average(const PeakAverage& of, double rest, Instant now) { return of.empty() ? rest : of.at(now, rest); }

}  // namespace

bool ResponseTime::is_suspect(const Server& server, Instant now) {
  const Duration silent = server.silent_for(now);
  return silent > kSuspectAfter &&
         static_cast<double>(silent.count()) > kSuspectMedians * server.shared().median_response();
}

std::optional<double> ResponseTime::score(const Candidate& candidate, Instant now) const {
  const Server& server = *candidate;
  const UpstreamState& shared = server.shared();
  double response = average(server.response_time(), shared.median_response(), now);
  response = std::max(response, static_cast<double>(server.silent_for(now).count()));
  const double connect = average(server.connect_time(), shared.median_connect(), now);
  return (response + connect + 1) * fullness(candidate);
}

std::string_view ResponseTime::distrust(const Candidate& candidate, const PickRequest& request) const {
  return trusted(candidate, request) ? "" : "suspect";
}

bool ResponseTime::trusted(const Candidate& candidate, const PickRequest& request) const {
  return usable(candidate, request) &&
         (candidate->shared().suspicion_ignored() || !is_suspect(*candidate, request.now));
}

const Candidate* ResponseTime::better(const Candidate* one, const Candidate* two, Instant now) const {
  return *score(*two, now) * kEqual < *score(*one, now) ? two : one;
}

const Candidate* ResponseTime::best_of_all(const PickRequest& request, bool suspects_too) const {
  const std::size_t count = candidates().size();
  const std::size_t from = rotation_.fetch_add(1, std::memory_order_relaxed);
  const auto may = [&](const Candidate& c) {
    return (suspects_too ? usable(c, request) : trusted(c, request)) && c->in_flight() < c.max;
  };
  const Candidate* first = nullptr;
  double best = 0;
  for (const Candidate& candidate : candidates()) {
    if (!may(candidate)) continue;
    const double this_one = *score(candidate, request.now);
    if (first && this_one >= best) continue;
    first = &candidate;
    best = this_one;
  }
  for (std::size_t i = 0; first && i < count; ++i) {
    const Candidate& candidate = candidates()[(from + i) % count];
    if (may(candidate) && *score(candidate, request.now) <= best * kEqual) return &candidate;
  }
  return first;
}

const Candidate* ResponseTime::better_of_two(const PickRequest& request) const {
  const std::size_t count = candidates().size();
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::uint64_t number = random_number();
    const std::size_t first = (number & 0xffff'ffff) % count;
    const std::size_t second = (first + 1 + (number >> 32) % (count - 1)) % count;
    const Candidate& one = candidates()[first];
    const Candidate& two = candidates()[second];
    if (trusted(one, request) && trusted(two, request)) return better(&one, &two, request.now);
  }
  return nullptr;
}

// A suspect server that only a client can clear, when its next trial is due.
const Candidate* ResponseTime::trial(const PickRequest& request) const {
  for (const Candidate& candidate : candidates()) {
    if (candidate.only_trials_clear && usable(candidate, request) && is_suspect(*candidate, request.now) &&
        candidate->claim_trial(request.now)) {
      return &candidate;
    }
  }
  return nullptr;
}

void ResponseTime::renew_medians(Instant now) const {
  std::vector<double> responses;
  std::vector<double> connects;
  std::size_t suspects = 0;
  for (const Candidate& candidate : candidates()) {
    if (!candidate->available()) continue;
    if (!candidate->response_time().empty()) responses.push_back(candidate->response_time().last());
    if (!candidate->connect_time().empty()) connects.push_back(candidate->connect_time().last());
    suspects += is_suspect(*candidate, now);
  }
  UpstreamState& shared = candidates().front()->shared();
  shared.set_medians(median(responses), median(connects), suspects * 2 > candidates().size());
}

Claim ResponseTime::claim(const PickRequest& request) const {
  Claim claim;
  if (candidates().empty()) return claim;
  if (candidates().front()->shared().medians_due(request.now)) renew_medians(request.now);
  const Candidate* chosen = candidates().front()->shared().suspicion_ignored() ? nullptr : trial(request);
  if (!chosen && candidates().size() > kLookAtAll) chosen = better_of_two(request);
  if (!chosen) chosen = best_of_all(request, false);
  if (!chosen) chosen = best_of_all(request, true);  // a suspect is better than none
  if (chosen && take(*chosen, claim)) return claim;
  return take_any(request, rotation_.load(std::memory_order_relaxed) % candidates().size());
}

}  // namespace tandem::balance
