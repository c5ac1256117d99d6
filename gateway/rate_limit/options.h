// What the file says of limits, as plain values: [rate_limit.NAME], and a route's `rate_limit`.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/place.h"
#include "common/limit/rate.h"
#include "gateway/rate_limit/quota.h"

namespace tandem::gateway {

inline constexpr std::string_view kDefaultTier = "default";
inline constexpr std::size_t kMostLimits = 8;  // of a route

// By what of a request it is told apart from others.
struct LimitKeyPart {
  enum class Kind : std::uint8_t { ip, global, route, header, param, caller, claim };
  Kind kind = Kind::ip;
  std::string name;  // of the header, parameter or claim

  std::string text() const;  // as the file writes it
  // Known only once it is known who calls.
  bool needs_caller() const { return kind == Kind::caller || kind == Kind::claim; }
  bool operator==(const LimitKeyPart&) const = default;
};

inline constexpr std::array kLimitKeyKinds = {
    LimitKeyPart::Kind::ip,    LimitKeyPart::Kind::global, LimitKeyPart::Kind::route, LimitKeyPart::Kind::header,
    LimitKeyPart::Kind::param, LimitKeyPart::Kind::caller, LimitKeyPart::Kind::claim};
std::string_view name_of(LimitKeyPart::Kind kind);  // "ip", "header" …
// Whether it needs a name: "header:NAME".
constexpr bool is_named(LimitKeyPart::Kind kind) {
  return kind == LimitKeyPart::Kind::header || kind == LimitKeyPart::Kind::param || kind == LimitKeyPart::Kind::claim;
}

// A value for everybody, or one for each tier of callers. The tier "default" is for those of none, and stands first.
template <class T>
struct PerTier {
  std::vector<std::pair<std::string, T>> values;
  config::Place place;

  // The tier's own, or the default's; null: there is neither.
  const T* find(std::string_view tier) const {
    const T* found = nullptr;
    for (const auto& [name, value] : values) {
      if (name == tier) return &value;
      if (name == kDefaultTier) found = &value;
    }
    return found;
  }
  bool differs() const { return values.size() > 1; }
};

// Which field of an answer tells of a limit.
enum class LimitFieldsMode : std::uint8_t { standard, both, off };

// What becomes of a request while Redis cannot be asked.
enum class IfUnavailable : std::uint8_t { instance, allow, deny };

struct RateLimitConfig {
  std::string name;
  config::Place place;
  std::vector<LimitKeyPart> key;
  PerTier<std::optional<limit::Rate>> rate;  // of a tier nothing: it has none
  PerTier<std::uint64_t> burst;              // none: the rate's own
  PerTier<std::optional<Quota>> quota;
  enum class TierBy : std::uint8_t { nothing, plan, claim } tier_by = TierBy::nothing;
  std::string tier_claim;
  config::Place tier_place;
  LimitFieldsMode fields = LimitFieldsMode::standard;
  std::uint64_t max_keys = 1'000'000;
  std::string redis;  // the server that all gateways share it by; empty: each process counts for itself
  config::Place scope_place;
  std::size_t redis_index = 0;  // in GatewayConfig::redis
  IfUnavailable if_unavailable = IfUnavailable::instance;
  std::uint32_t instances = 1;  // that share it: what each takes for itself while Redis is out is a part of so many

  std::string scope() const {
    return redis.empty() ? std::string("instance") : "redis:" + redis;
  }  // as the file has it
  // Whether a request can be charged only once it is known who calls.
  bool needs_caller() const {
    if (tier_by != TierBy::nothing) return true;
    for (const LimitKeyPart& part : key) {
      if (part.needs_caller()) return true;
    }
    return false;
  }
};

// One of a route's limits.
struct RateLimitUse {
  std::string limit;
  config::Place place;
  std::uint32_t cost = 1;
  config::Place cost_place;
  bool report = false;    // what it would refuse is counted and logged, and passes
  std::size_t index = 0;  // of `limit` in GatewayConfig::limits
};

}  // namespace tandem::gateway
