// The kinds of a route's keys that say more than one value: `when`, `to` (one target or a split), what `sticky` and
// `hash_key` go by, and `mirror`. Private to the room; used by the table of gateway.toml's keys.
#pragma once
#include <vector>

#include "common/config/kinds.h"
#include "gateway/config.h"

namespace tandem::gateway {

// { header = { Name = "value" }, query = { name = "value" } }
config::Kind<std::vector<routing::Condition>> conditions();

// "UPSTREAM [PATH]", or a list of { upstream, path, weight }.
config::Kind<std::vector<TargetConfig>> targets();

// "header:NAME", "cookie:NAME", "caller" and, `with_ip`, "ip".
config::Kind<KeyConfig> request_key(bool with_ip);

// "UPSTREAM [PATH]", or { to, max_body, credentials }.
config::Kind<std::optional<MirrorConfig>> mirror();

}  // namespace tandem::gateway
