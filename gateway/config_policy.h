// What a route says of who may call once it is known who does: `scopes` and `allow`. Part of config_auth.cc's section;
// load time only.
#pragma once
#include <optional>

#include "common/config/section.h"
#include "gateway/config.h"
#include "gateway/policy/rule.h"

namespace tandem::gateway {

const config::Section<RouteAuth>& policy_section();

// `mode` of a policy: true is "report".
inline constexpr const char* kPolicyModeDoc =
    "\"enforce\", or \"report\": what it would refuse is counted and logged, and passes.";
config::Kind<bool> policy_mode();

// Says where the route's rule is wrong, within its text.
void check_allow(config::Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern);

// The rule of a route that has one and has been checked.
std::optional<policy::Rule> rule_of(const RouteConfig& route, const routing::MatchPattern& pattern);

}  // namespace tandem::gateway
