// Who may ask admin: the checks against rebinding, cross-site requests and guessed tokens, one by one. Pure functions.
#pragma once
#include <string_view>

namespace tandem::observe {

// `Authorization: Bearer <token>` (RFC 6750 §2.1) with this token, compared in a time that does not depend on where
// they differ.
bool bearer_is(std::string_view authorization, std::string_view token);

// The host of a `Host` value is an IP literal or localhost. A page that made its own name resolve to this address
// (rebinding) sends that name.
bool host_is_literal(std::string_view host);

// An `Origin` of the page's own: the same scheme-less authority as in `Host`. Browsers send "null" or another site's
// else.
bool origin_is_own(std::string_view origin, std::string_view host);

}  // namespace tandem::observe
