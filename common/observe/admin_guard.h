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

// What browsers say of where a request comes from (Fetch Metadata); other clients say nothing.
struct FetchMetadata {
  std::string_view site;  // "same-origin", "same-site", "cross-site" or "none": a person typed the address
  std::string_view mode;
  std::string_view dest;
};

// The page's own request, or a person's. Somebody may come by a link of another site, but only to read, and where what
// is read fills the window: that site learns nothing of it.
bool fetch_is_own(const FetchMetadata& fetch, std::string_view method);

// A Content-Type that a form sends without a script (HTML, enctype): browsers ask nobody before.
bool is_form(std::string_view content_type);

}  // namespace tandem::observe
