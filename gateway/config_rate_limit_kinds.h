// The kinds of a limit's values: keys, quotas, tiers. Load time only.
#pragma once
#include <optional>
#include <vector>

#include "common/config/section.h"
#include "gateway/rate_limit/options.h"

namespace tandem::gateway {

inline constexpr std::uint64_t kMostBurst = 1'000'000'000;

config::Kind<std::vector<LimitKeyPart>> limit_key();  // one, or a list
config::Kind<std::optional<Quota>> quota_or_none();
config::Kind<LimitFieldsMode> fields_mode();

bool read_tier(config::Reader& reader, const config::Value& value, RateLimitConfig& to);
std::optional<config::Value> show_tier(const RateLimitConfig& from);

// "instance", or "redis:NAME".
bool read_scope(config::Reader& reader, const config::Value& value, RateLimitConfig& to);
std::optional<config::Value> show_scope(const RateLimitConfig& from);
config::Kind<IfUnavailable> if_unavailable();

// Whether a table stands for one scalar from outside: { env = "NAME" }, { file = "PATH" }.
bool is_outside(const config::Value& value);

// One value for all, or a table with one for each tier.
template <class T>
config::Kind<PerTier<T>> per_tier(config::Kind<T> one) {
  using namespace config;
  Kind<PerTier<T>> kind;
  kind.read = [one](Reader& reader, const Value& value, PerTier<T>& to) {
    PerTier<T> read;
    read.place = to.place = value.place;
    bool good = true;
    if (!value.table() || is_outside(value)) {
      good = one.read(reader, value, read.values.emplace_back(std::string(kDefaultTier), T{}).second);
    } else {
      for (const Member& member : *value.table()) {
        const auto scope = reader.inside(member.key);
        good = one.read(reader, member.value, read.values.emplace_back(member.key, T{}).second) && good;
      }
    }
    if (good) to = std::move(read);
    return good;
  };
  kind.show = [one](const PerTier<T>& shown) -> std::optional<Value> {
    if (shown.values.empty()) return std::nullopt;
    if (!shown.differs()) return one.show(shown.values.front().second);
    Value table;
    for (const auto& [tier, value] : shown.values) table.set(tier, one.show(value).value_or(Value("none")));
    return table;
  };
  kind.schema = [one] {
    Value table, either;
    table.set("type", "object").set("additionalProperties", one.schema());
    either.set("anyOf", Value::Array{one.schema(), std::move(table)});
    return either;
  };
  return kind;
}

}  // namespace tandem::gateway
