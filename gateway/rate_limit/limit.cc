#include "gateway/rate_limit/limit.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/quantity.h"

namespace tandem::gateway {
namespace {

Counter counter(const std::string& limit, const char* result) {
  return Counters::counter("gateway_rate_limit_total", "Requests by what a limit made of them",
                           {{"limit", limit}, {"result", result}});
}

std::int64_t seconds(Duration duration) { return std::chrono::ceil<std::chrono::seconds>(duration).count(); }

// A window of the calendar by its usual length: months differ, and the draft wants one number.
std::int64_t usual_seconds(Quota::Unit unit) {
  return window_of(unit, WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 1))).length.count();
}

}  // namespace

std::vector<std::string> tiers_of(const RateLimitConfig& config) {
  std::vector<std::string> tiers = {std::string(kDefaultTier)};
  const auto add = [&](const auto& per_tier) {
    for (const auto& [tier, value] : per_tier.values) {
      if (std::ranges::find(tiers, tier) == tiers.end()) tiers.push_back(tier);
    }
  };
  add(config.rate);
  add(config.burst);
  add(config.quota);
  return tiers;
}

LimitCounters::LimitCounters(const std::string& limit)
    : allowed(counter(limit, "allowed")),
      limited(counter(limit, "limited")),
      reported(counter(limit, "reported")),
      unavailable(counter(limit, "unavailable")) {}

Limit::Limit(RateLimitConfig config, std::shared_ptr<LimitState> state)
    : config_(std::move(config)),
      state_(std::move(state)),
      counters_(config_.name),
      rate_item_(fmt::format("\"{}\"", config_.name)),
      quota_item_(fmt::format("\"{}-quota\"", config_.name)) {
  for (std::string& tier : tiers_of(config_)) {
    allowances_.push_back(make_allowance(tier, 1));
    shares_.push_back(make_allowance(tier, config_.instances));
  }
}

Allowance Limit::make_allowance(const std::string& tier, std::uint32_t parts) const {
  Allowance made;
  made.tier = tier;
  made.script_arguments = {"0", "0", "0", "0"};
  if (const auto* rate = config_.rate.find(tier); rate && *rate) {
    const std::uint64_t* burst = config_.burst.find(tier);
    made.written = **rate;
    made.rate.emplace(limit::Rate{(*rate)->count, (*rate)->period * parts}, burst ? *burst : (*rate)->default_burst());
    made.rate_policy =
        fmt::format("{};q={};w={}", rate_item_, made.written.count, seconds(made.written.period * parts));
    made.script_arguments[0] =
        fmt::format("{}", std::chrono::duration<double, std::micro>(made.rate->interval()).count());
    made.script_arguments[1] = std::to_string(made.rate->burst());
  }
  if (const auto* quota = config_.quota.find(tier); quota && *quota) {
    made.quota = Quota{((*quota)->count + parts - 1) / parts, (*quota)->unit};
    made.quota_policy = fmt::format("{};q={};w={}", quota_item_, made.quota->count, usual_seconds(made.quota->unit));
    made.script_arguments[2] = std::to_string(made.quota->count);
    made.script_arguments[3] =
        made.quota->unit == Quota::Unit::month ? "0" : std::to_string(usual_seconds(made.quota->unit));
  }
  return made;
}

const Allowance& Limit::share_of(const Allowance& allowance) const {
  return shares_[static_cast<std::size_t>(&allowance - allowances_.data())];
}

void Limit::write_status(JsonWriter& json) const {
  json.begin_object().member("name", name()).key("key").begin_array();
  for (const LimitKeyPart& part : config_.key) json.value(part.text());
  json.end_array().member("scope", config_.scope());
  json.key("tiers").begin_array();
  for (const Allowance& one : allowances_) {
    json.begin_object().member("tier", one.tier);
    if (one.rate) {
      json.member("rate", config::format_rate(one.written)).member("burst", one.rate->burst());
    }
    if (one.quota) json.member("quota", one.quota->text());
    json.end_object();
  }
  json.end_array();
  json.member("keys", std::max(state_->rates.used(), state_->quotas.used())).member("max_keys", config_.max_keys);
  json.member("allowed", counters_.allowed.value()).member("limited", counters_.limited.value());
  json.member("reported", counters_.reported.value()).member("unavailable", counters_.unavailable.value()).end_object();
}

const Allowance& Limit::allowance(std::string_view tier) const {
  const auto found = std::ranges::find(allowances_, tier, &Allowance::tier);
  return found == allowances_.end() ? allowances_.front() : *found;
}

}  // namespace tandem::gateway
