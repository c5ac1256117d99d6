// The paths of admin endpoints, literal segments and `{name}` for one that varies, and their queries. Pure functions.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::observe {

// The values of the pattern's `{…}` segments in `path`, percent-decoded, in their order; nothing when it does not
// match. A value is a whole segment and not empty; an escaped slash is part of it. Literal segments are compared as
// they come.
std::optional<std::vector<std::string>> match_admin_path(std::string_view pattern, std::string_view path);

// The value of the first parameter `name` in a query such as "limit=10&q=a%20b", percent-decoded; empty where it has
// none, nothing where it does not stand there or is badly escaped.
std::optional<std::string> admin_query_value(std::string_view query, std::string_view name);

// Every value of the parameter `name`, in their order; nothing where one of them is badly escaped.
std::optional<std::vector<std::string>> admin_query_values(std::string_view query, std::string_view name);

// The number that the parameter `name` says, `otherwise` where there is no query at all; nothing when it is no number,
// not within `range`, or when the query says other things only.
struct NumberRange {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};
std::optional<std::uint64_t> admin_query_number(std::string_view query, std::string_view name, std::uint64_t otherwise,
                                                NumberRange range = {});

// `text` as one segment of a path: everything but unreserved characters (RFC 3986 §2.3) is escaped.
std::string encode_admin_segment(std::string_view text);

}  // namespace tandem::observe
