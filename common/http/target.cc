#include "common/http/target.h"

#include <algorithm>

#include "common/base/address.h"
#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Cuts "http://host" or "https://host" off, up to the first '/'. A query directly behind the host is refused: not all
// readers agree on where such an authority ends.
std::optional<HttpError> cut_authority(std::string_view& rest, Target& out) {
  if (starts_ignoring_case(rest, "https://")) {
    out.secure = true;
    rest.remove_prefix(8);
  } else if (starts_ignoring_case(rest, "http://")) {
    rest.remove_prefix(7);
  } else {
    return bad_request("the target is neither a path nor an http or https URL");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  out.authority = rest.substr(0, slash);
  if (out.authority.empty()) return bad_request("the target names no host");
  if (out.authority.find_first_of("@?") != std::string_view::npos) {
    return bad_request("the target's authority is not host[:port]");
  }
  rest.remove_prefix(slash);
  return std::nullopt;
}

constexpr bool is_host_char(char c) {
  return is_alpha(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c)) || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > 255 || host.front() == '.' || host.back() == '.') return false;
  return std::ranges::all_of(host, is_host_char) && host.find("..") == std::string_view::npos;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

}  // namespace

std::expected<Target, HttpError> parse_target(Method method, std::string_view target) {
  Target out;
  if (target.empty()) return std::unexpected(bad_request("the target is empty"));
  if (!is_visible_ascii(target))
    return std::unexpected(bad_request("the target holds a byte that may not stand in it"));
  if (target.contains('#')) return std::unexpected(bad_request("the target holds a fragment"));
  if (target == "*") {
    if (method != Method::options) return std::unexpected(bad_request("only OPTIONS may have the target *"));
    out.form = TargetForm::asterisk;
    out.path = target;
    return out;
  }
  std::string_view rest = target;
  if (rest.front() != '/') {
    out.form = TargetForm::absolute;
    if (const auto error = cut_authority(rest, out)) return std::unexpected(*error);
  }
  const std::size_t mark = rest.find('?');
  out.path = rest.empty() ? std::string_view("/") : rest.substr(0, mark);
  if (mark != std::string_view::npos) {
    out.has_query = true;
    out.query = rest.substr(mark + 1);
  }
  return out;
}

std::expected<HostPort, HttpError> parse_host(std::string_view authority, std::string& buffer) {
  const auto refused = std::unexpected(bad_request("the host is not host[:port]"));
  HostPort out;
  const bool literal = authority.starts_with('[');
  const std::size_t end = literal ? authority.find(']') : authority.find(':');
  if (literal && end == std::string_view::npos) return refused;
  std::string_view host = authority.substr(0, literal ? end + 1 : end);
  std::string_view rest = authority.substr(host.size());
  if (!rest.empty()) {
    const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
    if (!port) return refused;
    out.port = *port;
  }
  if (literal) {
    const auto address = IpAddress::parse(host.substr(1, host.size() - 2));
    if (!address || !host.contains(':')) return refused;
  } else {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (!is_name(host)) return refused;
  }
  if (std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    buffer.resize(host.size());
    std::ranges::transform(host, buffer.begin(), to_lower);
    host = buffer;
  }
  out.host = host;
  return out;
}

bool same_authority(const HostPort& a, const HostPort& b, bool secure) {
  const auto port = [secure](const HostPort& h) { return h.port != 0 ? h.port : secure ? 443 : 80; };
  return a.host == b.host && port(a) == port(b);
}

}  // namespace tandem::http
