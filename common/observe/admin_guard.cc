#include "common/observe/admin_guard.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>

#include "common/base/address.h"

namespace tandem::observe {
namespace {

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool same_in_constant_time(std::string_view given, std::string_view secret) {
  volatile std::uint8_t differs = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    differs =
        static_cast<std::uint8_t>(differs | (static_cast<std::uint8_t>(c) ^ static_cast<std::uint8_t>(secret[i])));
  }
  return differs == 0;
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool bearer_is(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "bearer ";
  if (token.empty() || !same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  std::string_view given = authorization.substr(kScheme.size());
  while (given.starts_with(' ')) given.remove_prefix(1);
  return same_in_constant_time(given, token);
}

bool host_is_literal(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos || !IpAddress::parse(host.substr(1, end - 1))) return false;
    const auto rest = host.substr(end + 1);
    return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
  }
  const auto colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) return false;
  return same_ignoring_case(name, "localhost") || IpAddress::parse(name).has_value();
}

bool origin_is_own(std::string_view origin, std::string_view host) {
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && !host.empty() && same_ignoring_case(origin.substr(scheme + 3), host);
}

bool fetch_is_own(const FetchMetadata& fetch, std::string_view method) {
  if (fetch.site.empty() || fetch.site == "same-origin" || fetch.site == "none") return true;
  return (method == "GET" || method == "HEAD") && fetch.mode == "navigate" && fetch.dest == "document";
}

bool is_form(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return same_ignoring_case(type, "application/x-www-form-urlencoded") ||
         same_ignoring_case(type, "multipart/form-data") || same_ignoring_case(type, "text/plain");
}

}  // namespace tandem::observe
