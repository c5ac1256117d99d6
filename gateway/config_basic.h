// The keys of [auth.NAME] with kind = "basic", and reading whom they know. Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

const config::Section<BasicConfig>& basic_section();

// Reads the file of users, and that of consumers where there is one; false, and said so, when something is wrong.
bool finish_basic(config::Reader& reader, AuthConfig& provider);

}  // namespace tandem::gateway
