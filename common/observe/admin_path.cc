#include "common/observe/admin_path.h"

#include <algorithm>
#include <charconv>

namespace tandem::observe {
namespace {

std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::optional<std::string> decoded(std::string_view segment) {
  std::string text;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text += segment[i];
      continue;
    }
    unsigned value = 0;
    const char* digits = segment.data() + i + 1;
    if (segment.size() - i < 3 || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return std::nullopt;
    text += static_cast<char>(value);
    i += 2;
  }
  return text;
}

// The next value of `name` as it stands; `query` goes on behind it.
std::optional<std::string_view> next_value(std::string_view& query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.substr(0, one.find('=')) != name) continue;
    return one.substr(std::min(one.size(), name.size() + 1));
  }
  return std::nullopt;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::optional<std::vector<std::string>> match_admin_path(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '/' || path.front() != '/') return std::nullopt;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return std::nullopt;
      continue;
    }
    auto value = decoded(given);
    if (!value || value->empty()) return std::nullopt;
    values.push_back(*std::move(value));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

std::optional<std::string> admin_query_value(std::string_view query, std::string_view name) {
  const auto raw = next_value(query, name);
  return raw ? decoded(*raw) : std::nullopt;
}

std::optional<std::vector<std::string>> admin_query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (const auto raw = next_value(query, name)) {
    auto value = decoded(*raw);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
  }
  return values;
}

std::optional<std::uint64_t> admin_query_number(std::string_view query, std::string_view name, std::uint64_t otherwise,
                                                NumberRange range) {
  if (query.empty()) return otherwise;
  const auto raw = next_value(query, name);
  if (!raw) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(raw->data(), raw->data() + raw->size(), number);
  if (error != std::errc() || end != raw->data() + raw->size()) return std::nullopt;
  return number >= range.least && number <= range.most ? std::optional(number) : std::nullopt;
}

std::string encode_admin_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string segment;
  for (const char c : text) {
    if (is_unreserved(c)) {
      segment += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    segment += '%';
    segment += kHex[byte >> 4];
    segment += kHex[byte & 15];
  }
  return segment;
}

}  // namespace tandem::observe
