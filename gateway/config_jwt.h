// The keys of [auth.NAME] with kind = "jwt", and reading what they name. Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

const config::Section<JwtConfig>& jwt_section();

// Reads the keys and checks what belongs together; false, and said so, when something is wrong.
bool finish_jwt(config::Reader& reader, AuthConfig& provider);

}  // namespace tandem::gateway
