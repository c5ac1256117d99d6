// [auth.NAME], and what routes say of who may call: parts of the sections in config_sections.cc. Load time only; files
// that hold keys are read here, so that a start, a reload and `check` fail alike.
#pragma once
#include <span>
#include <vector>

#include "common/config/checks.h"
#include "common/config/section.h"
#include "gateway/config.h"

namespace tandem::gateway {

config::Kind<std::vector<AuthConfig>> auth_providers();

// `auth` of a route: names of providers, or lists of them.
config::Kind<std::vector<std::vector<RouteAuth::Member>>> auth_groups();
// `optional`, `scopes` and `allow`.
const config::Section<RouteAuth>& route_auth_section();

// Names of providers become indices; says what does not fit together, and that nobody is said to be let in.
void resolve_auth(RouteConfig& route, config::Reader& reader, std::span<const config::Defined> providers,
                  std::span<const AuthConfig> configs, std::vector<bool>& used);

}  // namespace tandem::gateway
