#include "common/balance/round_robin.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace tandem::balance {
namespace {

constexpr std::uint64_t kLongestTurn = 32768;
constexpr std::uint64_t kFinestShare = 64;  // of a weight: slow start makes broken ones

// Whole numbers in the proportion of `weights`, as small as possible; a turn is as long as their sum.
std::vector<std::uint64_t> whole_weights(std::span<const double> weights) {
  const bool whole = std::ranges::all_of(weights, [](double w) { return w == std::floor(w); });
  std::vector<std::uint64_t> parts(weights.size());
  const auto scale_by = [&](double scale) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      parts[i] =
          weights[i] <= 0 ? 0 : std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::lround(weights[i] * scale)));
    }
  };
  scale_by(whole ? 1 : kFinestShare);
  std::uint64_t divisor = 0;
  for (const std::uint64_t part : parts) divisor = std::gcd(divisor, part);
  if (divisor > 1) std::ranges::for_each(parts, [&](std::uint64_t& part) { part /= divisor; });
  const std::uint64_t sum = std::accumulate(parts.begin(), parts.end(), std::uint64_t{0});
  if (sum > kLongestTurn) {
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    scale_by(static_cast<double>(kLongestTurn) / all);
  }
  return parts;
}

std::vector<Place> order_of(std::span<const Candidate> candidates) {
  std::vector<double> weights;
  std::vector<bool> counts;
  for (const Candidate& candidate : candidates) {
    weights.push_back(candidate.weight);
    counts.push_back(candidate.any_state || candidate->available());
  }
  return smooth_sequence(weights, counts);
}

}  // namespace

std::vector<Place> smooth_sequence(std::span<const double> weights, const std::vector<bool>& counts) {
  const std::vector<std::uint64_t> parts = whole_weights(weights);
  std::map<std::uint64_t, std::size_t> of_weight;  // how many servers have this weight, and below: how many came so far
  for (const std::uint64_t part : parts) ++of_weight[part];
  std::map<std::uint64_t, std::size_t> seen;
  std::vector<Place> places;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // The k-th of w places is at (k + offset) / w of the turn; equal weights share a spacing among them evenly.
    const double offset = (static_cast<double>(seen[parts[i]]++) + 0.5) / static_cast<double>(of_weight[parts[i]]);
    for (std::uint64_t k = 0; counts[i] && k < parts[i]; ++k) {
      const double at = (static_cast<double>(k) + offset) / static_cast<double>(parts[i]);
      places.push_back({static_cast<float>(at), static_cast<std::uint16_t>(i)});
    }
  }
  std::ranges::sort(places);
  return places;
}

RoundRobin::RoundRobin(std::vector<Candidate> candidates, const RoundRobin* previous)
    : Picker(std::move(candidates)), order_(order_of(this->candidates())), next_(0) {
  // Go on at the same part of the turn, so that who has just been picked is not picked again at once.
  if (!previous || previous->order_.empty()) return;
  const Place next = previous->order_[previous->next_.load(std::memory_order_relaxed) % previous->order_.size()];
  next_ = static_cast<std::uint64_t>(std::ranges::lower_bound(order_, next.at, {}, &Place::at) - order_.begin());
}

Claim RoundRobin::claim(const PickRequest& request) const {
  Claim claim;
  if (order_.empty()) return take_any(request, 0);  // one that came up since
  // A retry looks on from the shared place without moving it: the sequence stays exact for first attempts.
  const std::uint64_t step = request.tried.empty() ? 1 : 0;
  const std::uint64_t start = next_.fetch_add(step, std::memory_order_relaxed);
  const std::size_t looks = std::min(order_.size(), candidates().size() * 4);
  for (std::size_t i = 0; i < looks; ++i) {
    const Candidate& candidate = candidates()[order_[(start + i) % order_.size()].server];
    if (usable(candidate, request) && take(candidate, claim)) return claim;
  }
  Claim any = take_any(request, start % candidates().size());
  any.full = any.full || claim.full;
  return any;
}

}  // namespace tandem::balance
