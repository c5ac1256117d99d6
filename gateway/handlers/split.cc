#include "gateway/handlers/split.h"

#include <cmath>

#include <fmt/format.h>

#include "common/balance/source_hash.h"
#include "gateway/handlers/request_key.h"

namespace tandem::gateway {
namespace {

bool can_serve(const Split::Target& target) { return target.weight > 0 && target.upstream->has_available_server(); }

std::vector<balance::Place> order_of(const std::vector<Split::Target>& targets) {
  std::vector<double> weights;
  for (const Split::Target& target : targets) weights.push_back(target.weight);
  return balance::smooth_sequence(weights, std::vector<bool>(targets.size(), true));
}

// The client's share of chance at a target, between 0 and 1: fixed for the pair of them.
double chance(std::uint64_t key, std::string_view identity) {
  std::uint64_t mixed = key ^ balance::text_key(identity);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;  // splitmix64's last steps
  mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
  mixed ^= mixed >> 31;
  return (static_cast<double>(mixed >> 11) + 0.5) * 0x1p-53;
}

// A session cookie for the whole site that scripts cannot read (RFC 6265 §4.1).
std::string cookie_for(const KeyConfig& sticky, std::string_view value, std::string_view scheme) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax{}", sticky.name, value,
                     scheme == "https" ? "; Secure" : "");
}

}  // namespace

Split::Split(std::vector<Target> targets, KeyConfig sticky)
    : targets_(std::move(targets)), sticky_(std::move(sticky)), order_(order_of(targets_)) {}

std::size_t Split::next() const {
  const std::uint64_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::size_t target = order_[(turn + i) % order_.size()].server;
    if (can_serve(targets_[target])) return target;
  }
  return order_[turn % order_.size()].server;
}

std::size_t Split::of_key(std::uint64_t key) const {
  std::size_t best = order_.front().server;
  double best_score = -1;
  for (const bool only_available : {true, false}) {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const Target& target = targets_[i];
      if (only_available ? !can_serve(target) : target.weight == 0) continue;
      const double score = target.weight / -std::log(chance(key, target.identity));
      if (score <= best_score) continue;
      best_score = score;
      best = i;
    }
    if (best_score >= 0) break;
  }
  return best;
}

async::Task<Result<Response>> Split::handle(Exchange& exchange) const {
  if (sticky_.kind == KeyConfig::Kind::none) co_return co_await targets_[next()].handler->handle(exchange);
  const auto key = request_key(sticky_, exchange);
  if (key || sticky_.kind != KeyConfig::Kind::cookie) {
    co_return co_await targets_[key ? of_key(*key) : next()].handler->handle(exchange);
  }
  const std::string value = fmt::format("{:016x}", balance::random_number());
  auto response = co_await targets_[of_key(balance::text_key(value))].handler->handle(exchange);
  if (response) response->add("Set-Cookie", cookie_for(sticky_, value, exchange.forwarding.forwarded_proto));
  co_return response;
}

}  // namespace tandem::gateway
