// The keys of [auth.NAME] with kind = "introspection". Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

const config::Section<IntrospectionConfig>& introspection_section();

// False, and said so, when something does not fit together.
bool finish_introspection(config::Reader& reader, AuthConfig& provider);

}  // namespace tandem::gateway
