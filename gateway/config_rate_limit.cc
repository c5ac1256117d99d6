#include "gateway/config_rate_limit.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/quantity.h"
#include "gateway/config_policy.h"
#include "gateway/config_rate_limit_kinds.h"
#include "gateway/rate_limit/limit.h"

namespace tandem::gateway {
namespace {

using namespace config;

const Section<RateLimitConfig>& limit_section() {
  static const Section<RateLimitConfig> section =
      Section<RateLimitConfig>()
          .field(
              "key", &RateLimitConfig::key, limit_key(),
              "Whose requests are counted together: \"caller\" (who was authenticated, else the address), \"ip\" (of "
              "IPv6 the /64), \"route\", \"global\", \"header:NAME\", \"claim:NAME\" or \"param:NAME\"; a list "
              "combines them. The address stands in for what a request has not.")
          .required()
          .field("rate", &RateLimitConfig::rate, per_tier(rate_or_none()),
                 "How often: \"60/min\"; by s, min, h or day. Or a table with one for each tier, and \"default\".")
          .field("burst", &RateLimitConfig::burst, per_tier(integer<std::uint64_t>(1, kMostBurst)),
                 "How many may come at once after a pause; by default what the rate allows in a second, at least 1.")
          .field(
              "quota", &RateLimitConfig::quota, per_tier(quota_or_none()),
              "How many in a minute, hour, day or month of the UTC calendar: \"10000/day\"; by min, h, day or month.")
          .custom("tier", read_tier, show_tier, text().schema,
                  "What says of which tier a caller is: \"plan\" (of the consumer), or \"claim:NAME\".")
          .custom("scope", read_scope, show_scope, text().schema,
                  "Who counts: \"instance\" (this process, all workers), or \"redis:NAME\" (all gateways together).")
          .field("if_unavailable", &RateLimitConfig::if_unavailable, if_unavailable(),
                 "While Redis is out: \"instance\" (this process counts, with its part of the rate), \"allow\" or "
                 "\"deny\" (429).")
          .field("instances", &RateLimitConfig::instances, integer<std::uint32_t>(1, 10'000),
                 "How many gateways share the limit: what each gives while Redis is out is the rate divided by it.")
          .field("headers", &RateLimitConfig::fields, fields_mode(),
                 "What answers tell: \"standard\" (RateLimit and RateLimit-Policy), \"both\" (X-RateLimit-Limit, "
                 "-Remaining and -Reset too), or \"off\". A refusal has Retry-After in any case.")
          .field("max_keys", &RateLimitConfig::max_keys, integer<std::uint64_t>(1, 100'000'000),
                 "How many keys are kept in mind, at 48 bytes each; beyond it those with the least to lose are "
                 "forgotten.");
  return section;
}

// What no field can say alone.
class LimitCheck {
 public:
  LimitCheck(Reader& reader, const RateLimitConfig& limit) : reader_(reader), limit_(limit) {}

  bool all() {
    if (!limit_.rate.place.known() && !limit_.quota.place.known()) {
      say(limit_.place, "nothing is limited; write `rate` or `quota`");
    }
    if (!limit_.burst.values.empty() && !limit_.rate.place.known()) {
      say(limit_.burst.place, "burst: there is no `rate` that it belongs to");
    }
    check_tiers(limit_.rate, "rate");
    check_tiers(limit_.burst, "burst");
    check_tiers(limit_.quota, "quota");
    const bool differs = limit_.rate.differs() || limit_.burst.differs() || limit_.quota.differs();
    if (limit_.tier_by != RateLimitConfig::TierBy::nothing && !differs) {
      say(limit_.tier_place,
          "tier: every tier has the same; write a table, such as rate = { default = \"60/min\", gold "
          "= \"1000/min\" }");
    }
    for (const std::string& tier : tiers_of(limit_)) check_burst(tier);
    if (limit_.redis.empty() && limit_.instances != 1) {
      say(limit_.place, "instances: with scope = \"instance\" each process has the whole rate");
    }
    return good_;
  }

 private:
  void say(Place place, std::string_view what) { good_ = reader_.error(place, what); }

  template <class T>
  void check_tiers(const PerTier<T>& per_tier, std::string_view key) {
    if (per_tier.values.empty()) return;
    const bool has_default =
        std::ranges::any_of(per_tier.values, [](const auto& v) { return v.first == kDefaultTier; });
    if (!has_default) say(per_tier.place, fmt::format("{}: what callers of no tier have is missing: `default`", key));
    if (per_tier.differs() && limit_.tier_by == RateLimitConfig::TierBy::nothing) {
      say(per_tier.place, fmt::format("{}: which tier a caller is of is not said; write tier = \"plan\" or "
                                      "\"claim:NAME\"",
                                      key));
    }
  }

  void check_burst(std::string_view tier) {
    constexpr Duration kLongest = std::chrono::hours(24 * 366);
    const auto* rate = limit_.rate.find(tier);
    const std::uint64_t* burst = limit_.burst.find(tier);
    if (!rate || !*rate || !burst) return;
    if (*burst <= static_cast<std::uint64_t>(kLongest / (*rate)->interval())) return;
    say(limit_.burst.place, fmt::format("burst: {} take more than a year at {}", *burst, format_rate(**rate)));
  }

  Reader& reader_;
  const RateLimitConfig& limit_;
  bool good_ = true;
};

const Section<RateLimitUse>& use_section() {
  static const Section<RateLimitUse> section =
      Section<RateLimitUse>()
          .field("use", &RateLimitUse::limit, text(), "The limit's name.")
          .required()
          .at(&RateLimitUse::place)
          .field("cost", &RateLimitUse::cost, integer<std::uint32_t>(1, 1'000'000'000), "What a request is charged.")
          .at(&RateLimitUse::cost_place)
          .field("mode", &RateLimitUse::report, policy_mode(), kPolicyModeDoc);
  return section;
}

Kind<RateLimitUse> one_use() {
  Kind<RateLimitUse> kind;
  kind.read = [](Reader& reader, const Value& value, RateLimitUse& to) {
    to = RateLimitUse{};
    if (value.table() && value.find("use")) return use_section().read(reader, value, to);
    const auto text = reader.text(value, "the name of a limit, or { use, cost, mode }");
    if (!text) return false;
    to.limit = *text;
    to.place = value.place;
    return true;
  };
  kind.show = [](const RateLimitUse& use) {
    return std::optional<Value>(use.cost == 1 && !use.report ? Value(use.limit) : use_section().show(use));
  };
  kind.schema = [] {
    Value either;
    either.set("anyOf", Value::Array{text().schema(), use_section().schema()});
    return either;
  };
  return kind;
}

// A request of this cost must be possible for every tier.
void check_cost(Reader& reader, const RateLimitUse& use, const RateLimitConfig& limit) {
  const auto never = [&](std::string_view what, std::uint64_t most) {
    reader.error(use.cost_place.known() ? use.cost_place : use.place,
                 fmt::format("rate_limit: cost {} is more than the {} of {} ({}): nobody would ever be let through",
                             use.cost, what, quoted(use.limit), most));
  };
  for (const std::string& tier : tiers_of(limit)) {
    const auto* rate = limit.rate.find(tier);
    const std::uint64_t* burst = limit.burst.find(tier);
    if (rate && *rate) {
      const std::uint64_t most = burst ? *burst : (*rate)->default_burst();
      if (use.cost > most) return never("burst", most);
    }
    const auto* quota = limit.quota.find(tier);
    if (quota && *quota && use.cost > (*quota)->count) return never("quota", (*quota)->count);
  }
}

// What is charged together, all or nothing, must be in one place.
void check_one_redis(Reader& reader, const RateLimitUse& use, const RateLimitConfig& limit,
                     const RateLimitConfig*& before) {
  if (limit.redis.empty()) return;
  if (before && before->redis != limit.redis) {
    reader.error(use.place,
                 fmt::format("rate_limit: {} is kept in {} and {} in {}: what a request is charged together "
                             "must be in one Redis",
                             quoted(before->name), quoted(before->redis), quoted(limit.name), quoted(limit.redis)));
  }
  before = &limit;
}

}  // namespace

Kind<std::vector<RateLimitConfig>> rate_limits() {
  auto kind = named<RateLimitConfig>(
      "rate_limit", limit_section(), [](RateLimitConfig& limit) -> std::string& { return limit.name; },
      &RateLimitConfig::place);
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<RateLimitConfig>& to) {
    bool good = read(reader, value, to);
    for (const RateLimitConfig& one : to) {
      const auto scope = reader.inside("rate_limit " + quoted(one.name));
      good = LimitCheck(reader, one).all() && good;
    }
    return good;
  };
  kind.show = [show = kind.show](const std::vector<RateLimitConfig>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

Kind<std::vector<RateLimitUse>> rate_limit_uses() {
  auto kind = list(one_use(), "names of limits");
  kind.show = [show = kind.show](const std::vector<RateLimitUse>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

void resolve_scopes(std::vector<RateLimitConfig>& limits, Reader& reader, std::span<const Defined> redis,
                    std::vector<bool>& used) {
  for (RateLimitConfig& limit : limits) {
    if (limit.redis.empty()) continue;
    const auto scope = reader.inside("rate_limit " + quoted(limit.name));
    const auto index = resolve(reader, "redis", limit.redis, limit.scope_place, redis);
    if (!index) continue;
    limit.redis_index = *index;
    used[*index] = true;
  }
}

void resolve_limits(RouteConfig& route, Reader& reader, std::span<const Defined> limits,
                    std::span<const RateLimitConfig> configs, std::vector<bool>& used) {
  if (route.rate_limit.size() > kMostLimits) {
    reader.error(route.rate_limit_place,
                 fmt::format("rate_limit: {} limits; a route may have {}", route.rate_limit.size(), kMostLimits));
  }
  const RateLimitConfig* kept[2] = {};  // in Redis, before and behind `auth`
  for (std::size_t i = 0; i < route.rate_limit.size(); ++i) {
    RateLimitUse& use = route.rate_limit[i];
    const auto index = resolve(reader, "rate_limit", use.limit, use.place, limits);
    if (!index) continue;
    use.index = *index;
    used[*index] = true;
    check_cost(reader, use, configs[*index]);
    check_one_redis(reader, use, configs[*index], kept[configs[*index].needs_caller() ? 1 : 0]);
    for (std::size_t before = 0; before < i; ++before) {
      if (route.rate_limit[before].limit != use.limit) continue;
      reader.error(use.place, fmt::format("rate_limit: {} stands there twice", quoted(use.limit)));
    }
  }
}

void check_limit_params(Reader& reader, const RouteConfig& route, std::span<const RateLimitConfig> limits,
                        const routing::MatchPattern& pattern) {
  for (const RateLimitUse& use : route.rate_limit) {
    const auto limit = std::ranges::find(limits, use.limit, &RateLimitConfig::name);
    if (limit == limits.end()) continue;  // which has been said
    for (const LimitKeyPart& part : limit->key) {
      if (part.kind != LimitKeyPart::Kind::param || pattern.param_index(part.name)) continue;
      reader.error(use.place, fmt::format("rate_limit: {} goes by a parameter that the route has not: {}",
                                          quoted(use.limit), quoted(part.name)));
    }
  }
}

}  // namespace tandem::gateway
