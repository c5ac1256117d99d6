// The keys of [auth.NAME] with kind = "forward". Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

const config::Section<ForwardConfig>& forward_section();

// `from` is where it says, else the request itself. False, and said so, when something does not fit together.
bool finish_forward(config::Reader& reader, AuthConfig& provider);

}  // namespace tandem::gateway
