// What sections say of helpers that the gateway itself asks: an issuer, a collector. Load time only.
#pragma once
#include <optional>

#include "common/config/kinds.h"
#include "gateway/helper/url.h"

namespace tandem::gateway {

config::Kind<std::optional<HttpUrl>> http_url();

// Whether nobody beyond this machine can listen in.
bool is_loopback(const HttpUrl& url);

}  // namespace tandem::gateway
