// [redis.NAME]: a part of the sections in config_sections.cc. Load time only.
#pragma once
#include <vector>

#include "common/config/section.h"
#include "gateway/redis/options.h"

namespace tandem::gateway {

config::Kind<std::vector<redis::Options>> redis_servers();

}  // namespace tandem::gateway
