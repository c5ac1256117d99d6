// [trace]: a part of the sections in config_sections.cc. Load time only.
#pragma once
#include <optional>

#include "common/config/section.h"
#include "gateway/trace/options.h"

namespace tandem::gateway {

config::Kind<std::optional<TraceConfig>> trace();

// Completes what was read: the endpoint's path, and what TLS needs.
void settle_trace(config::Reader& reader, std::optional<TraceConfig>& trace);

}  // namespace tandem::gateway
