// What Cache-Control says (RFC 9111 §5.2), in a request or an answer, and CDN-Cache-Control (RFC 9213) in its place.
// Pure. Of what contradicts itself the strictest counts; a number that cannot be read is 0.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"

namespace tandem::cache {

using Seconds = std::uint32_t;
inline constexpr Seconds kMostSeconds = 0x8000'0000;  // 2^31: what is more counts as this (§1.2.2)

struct Directives {
  bool no_store = false;
  bool no_cache = false;  // the unqualified one
  bool no_transform = false;
  bool only_if_cached = false;
  bool is_public = false;
  bool is_private = false;  // the unqualified one
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool any_stale = false;  // max-stale without a number
  std::optional<Seconds> max_age, s_maxage, min_fresh, max_stale;
  std::optional<Seconds> stale_while_revalidate, stale_if_error;  // RFC 5861
  std::vector<std::string> no_cache_fields, private_fields;       // of the qualified forms

  bool has_freshness() const { return max_age || s_maxage; }
};

// delta-seconds: digits only; more than 2^31 is 2^31. Nothing where it is none.
std::optional<Seconds> parse_seconds(std::string_view text);

// `value`: all Cache-Control lines joined.
Directives parse_cache_control(std::string_view value);

// `value`: all CDN-Cache-Control lines joined. Nothing where it is no dictionary or an empty one: Cache-Control and
// Expires count then. A directive whose value is of a wrong type is as if it were not there (RFC 9213 §2.1).
std::optional<Directives> parse_targeted(std::string_view value);

// What an answer says to a cache like this one; `targeted` tells that Cache-Control and Expires do not count.
struct Control {
  Directives directives;
  bool targeted = false;
};
Control control_of(const http::Fields& answer);

}  // namespace tandem::cache
