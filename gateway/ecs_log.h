// The access log's line by Elastic Common Schema (8.11), with dotted names, which Elasticsearch takes as objects. What
// the schema has no name for stands below `tandem`.
#pragma once
#include "gateway/access_log.h"

namespace tandem::gateway {

// Replaces `out` by the line with its newline.
void write_ecs(std::string& out, const LogRules& rules, const AccessRecord& record);

}  // namespace tandem::gateway
