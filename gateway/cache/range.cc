#include "gateway/cache/range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "common/http/byte_class.h"

namespace tandem::cache {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Saturates. Nothing where it is no number.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!http::is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

}  // namespace

ByteRange parse_range(std::string_view value, std::uint64_t size) {
  using Kind = ByteRange::Kind;
  constexpr std::string_view kUnit = "bytes=";
  if (value.size() < kUnit.size() || !http::equals_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return {};
  const std::string_view spec = http::trim(value.substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.contains(',')) return {};
  const std::string_view before = spec.substr(0, dash), behind = spec.substr(dash + 1);
  const auto first = number(before), last = number(behind);
  if ((!first && !before.empty()) || (!last && !behind.empty()) || (!first && !last)) return {};
  if (first && last && *last < *first) return {};
  if (!first) {  // the last so many bytes
    if (*last == 0 || size == 0) return {Kind::unsatisfiable, 0, 0};
    return {Kind::part, size - std::min(*last, size), size - 1};
  }
  if (*first >= size) return {Kind::unsatisfiable, 0, 0};
  return {Kind::part, *first, std::min(last.value_or(size - 1), size - 1)};
}

}  // namespace tandem::cache
