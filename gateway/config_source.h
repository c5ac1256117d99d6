// Where a credential stands, as a file says it. Private to the files that read [auth.NAME].
#pragma once
#include "common/config/kinds.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

// "header:NAME", "query:NAME" or "cookie:NAME"; "header:Authorization" means behind the word Bearer there.
config::Kind<CredentialSource> credential_source();

// The same for a part of a verdict's key, where Authorization is what it is; also "method", "host", "path", "uri",
// "ip".
config::Kind<VerdictKey> verdict_key();

}  // namespace tandem::gateway
