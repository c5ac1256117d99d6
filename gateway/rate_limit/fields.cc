#include "gateway/rate_limit/fields.h"

#include "common/base/json_writer.h"

namespace tandem::gateway {

std::int64_t field_seconds(Duration time) { return std::chrono::ceil<std::chrono::seconds>(time).count(); }

void LimitFields::add(std::string_view item, std::string_view policy, const Standing& standing) {
  if (!policy_.empty()) policy_ += ", ", state_ += ", ";
  policy_ += policy;
  state_.append(item).append(";r=");
  append_number(state_, standing.left);
  state_ += ";t=";
  append_number(state_, static_cast<std::uint64_t>(field_seconds(standing.more)));
}

void LimitFields::add_legacy(std::uint64_t limit, const Standing& standing) {
  if (has_legacy_ && legacy_.remaining <= standing.left) return;
  has_legacy_ = true;
  legacy_ = {limit, standing.left, field_seconds(standing.more)};
}

void LimitFields::add_exhausted(std::string_view item, std::string_view policy, Duration wait) {
  add(item, policy, {0, wait});
}

void LimitFields::add(std::span<const Charge> charges) {
  for (const Charge& one : charges) {
    const LimitFieldsMode mode = one.limit->config().fields;
    if (one.report || !one.known || mode == LimitFieldsMode::off) continue;
    const Allowance& allowance = *one.allowance;
    if (allowance.rate) add(one.limit->rate_item(), allowance.rate_policy, one.rate);
    if (allowance.quota) add(one.limit->quota_item(), allowance.quota_policy, one.quota);
    if (mode != LimitFieldsMode::both) continue;
    if (allowance.rate) add_legacy(allowance.written.count, one.rate);
    if (allowance.quota) add_legacy(allowance.quota->count, one.quota);
  }
}

}  // namespace tandem::gateway
