// Upstreams that providers ask: the keys that say which, and their names resolved. Private to the files that read
// [auth.NAME] and to config.cc.
#pragma once
#include <span>
#include <vector>

#include "common/config/checks.h"
#include "common/config/section.h"
#include "gateway/config.h"

namespace tandem::gateway {

// `endpoint` and `timeout`.
const config::Section<HelperConfig>& endpoint_section();

// Names become indices, whether or not a route uses the provider; warns of secrets that would travel in the open.
void resolve_endpoints(config::Reader& reader, GatewayConfig& config, std::span<const config::Defined> upstreams,
                       std::vector<bool>& used);

}  // namespace tandem::gateway
