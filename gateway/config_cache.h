// [cache.NAME], and `cache` of a route: parts of the sections in config_sections.cc. Load time only.
#pragma once
#include <span>
#include <vector>

#include "common/config/checks.h"
#include "common/config/section.h"
#include "gateway/config.h"

namespace tandem::gateway {

config::Kind<std::vector<CacheConfig>> caches();

// The name of a cache, or "off".
config::Kind<CacheUse> cache_use();

// The name becomes an index.
void resolve_cache(CacheUse& use, config::Reader& reader, std::span<const config::Defined> caches,
                   std::vector<bool>& used);

}  // namespace tandem::gateway
