// `aggregate` and [[route.part]] of a route: parts of the sections in config_sections.cc, and what is checked of them.
// Load time only.
#pragma once
#include <span>
#include <vector>

#include "common/config/checks.h"
#include "common/config/section.h"
#include "gateway/config.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

// The keys `aggregate` and `part`.
const config::Section<RouteConfig>& aggregation_section();

// Names of upstreams and caches in parts become indices.
void resolve_parts(RouteConfig& route, config::Reader& reader, std::span<const config::Defined> upstreams,
                   std::vector<bool>& used, std::span<const config::Defined> caches, std::vector<bool>& used_caches);

// Says what is wrong in the parts of a route whose match is `pattern`.
void check_parts(config::Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern);

}  // namespace tandem::gateway
