// [rate_limit.NAME], and `rate_limit` of a route: parts of the sections in config_sections.cc. Load time only.
#pragma once
#include <span>
#include <vector>

#include "common/config/checks.h"
#include "common/config/section.h"
#include "gateway/config.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

config::Kind<std::vector<RateLimitConfig>> rate_limits();

// A list of names, or of { use, cost, mode }.
config::Kind<std::vector<RateLimitUse>> rate_limit_uses();

// The Redis that each limit is kept in becomes an index.
void resolve_scopes(std::vector<RateLimitConfig>& limits, config::Reader& reader,
                    std::span<const config::Defined> redis, std::vector<bool>& used);

// Names become indices; says what a limit can never grant, and what stands there twice.
void resolve_limits(RouteConfig& route, config::Reader& reader, std::span<const config::Defined> limits,
                    std::span<const RateLimitConfig> configs, std::vector<bool>& used);

// Says which of the route's limits go by a parameter that it has not.
void check_limit_params(config::Reader& reader, const RouteConfig& route, std::span<const RateLimitConfig> limits,
                        const routing::MatchPattern& pattern);

}  // namespace tandem::gateway
