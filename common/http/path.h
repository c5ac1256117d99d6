// The one normal form of a request's path: routes, rules, limits, cache keys, logs and servers all see this text and no
// other (RFC 3986 §6.2, stricter). Pure; costs one scan and no copy when the path is normal already, as almost all are.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "common/http/http_error.h"

namespace tandem::http {

struct PathRules {
  bool encoded_slashes = false;  // %2F may stand inside a segment, and stays as it is
};

// `path` begins with '/' and has no query. Unreserved characters are decoded once, other escapes keep their hex in
// upper case, "//" becomes "/", "." and ".." are resolved. Refused (400): above the root, '\' raw or encoded, controls
// and NUL, bad escapes, %2F (see rules), "..;x" (some servers read it as ".."), escapes that are not UTF-8, and what
// may not stand raw in a path. The view is `path` itself or lies in `buffer`.
std::expected<std::string_view, HttpError> normalize_path(std::string_view path, std::string& buffer,
                                                          PathRules rules = {});

}  // namespace tandem::http
