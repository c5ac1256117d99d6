// The keys of [auth.NAME] with kind = "mtls", and reading whom they know. Private to config_auth.cc.
#pragma once
#include "common/config/section.h"
#include "gateway/auth/options.h"
#include "gateway/config.h"

namespace tandem::gateway {

const config::Section<MtlsConfig>& mtls_section();

// Reads the file of consumers, where there is one; false, and said so, when something is wrong.
bool finish_mtls(config::Reader& reader, AuthConfig& provider);

// Says of each provider that asks for certificates where no listener does.
void check_certificates_asked(config::Reader& reader, const GatewayConfig& config);

}  // namespace tandem::gateway
