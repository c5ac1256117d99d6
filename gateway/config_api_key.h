// The keys of [auth.NAME] with kind = "api_key", and reading whom they know. Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

const config::Section<ApiKeyConfig>& api_key_section();

// Reads the file of consumers; false, and said so, when something is wrong with it or with whom it names.
bool finish_api_key(config::Reader& reader, AuthConfig& provider);

}  // namespace tandem::gateway
