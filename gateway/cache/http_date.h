// Dates as HTTP writes them (RFC 9110 §5.6.7), read. Pure.
#pragma once
#include <optional>
#include <string_view>

#include "common/base/clock.h"

namespace tandem::cache {

// "Sun, 06 Nov 1994 08:49:37 GMT", or the obsolete "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994".
// The day's name is not checked against the date. A year of two digits that would lie more than 50 years after `today`
// is the past one. Nothing where it is none of them.
std::optional<WallTime> parse_http_date(std::string_view text, WallTime today);

}  // namespace tandem::cache
