// Whether the routes of a configuration compile into a table: their patterns, destinations and redirects, and what
// stands between them. Private to the room; runs at load.
#pragma once
#include <memory>
#include <vector>

#include "common/config/reader.h"
#include "gateway/config.h"

namespace tandem::gateway {

// The table of all routes, by the same indices. Says every bad pattern, tie and unreachable route at the place of its
// text, and gives nothing then.
std::shared_ptr<const routing::RouteTable> compile_routes(config::Reader& reader, const GatewayConfig& config);

// The same for routes that are known to be right.
std::shared_ptr<const routing::RouteTable> compile(const std::vector<RouteConfig>& routes);

}  // namespace tandem::gateway
