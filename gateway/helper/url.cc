#include "gateway/helper/url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/base/address.h"
#include "common/base/host_name.h"

namespace tandem::gateway {
namespace {

using Wrong = std::unexpected<std::string_view>;

std::expected<std::uint16_t, std::string_view> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size() && port != 0) return port;
  return Wrong("has no port from 1 to 65535 behind its host");
}

}  // namespace

std::expected<HttpUrl, std::string_view> HttpUrl::parse(std::string_view text) {
  HttpUrl url;
  url.secure = text.starts_with("https://");
  if (!url.secure && !text.starts_with("http://")) return Wrong("is no URL that begins with https:// or http://");
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && !std::string_view("\"<>\\^`{|}").contains(c); };
  if (!std::ranges::all_of(text, is_plain)) return Wrong("has a character that no URL has");
  if (text.contains('#')) return Wrong("has a fragment, which no server sees");
  text.remove_prefix(url.secure ? 8 : 7);
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(authority.size());
  url.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  if (authority.contains('@')) return Wrong("has a user name");
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  url.port = url.secure ? 443 : 80;
  if (colon != std::string_view::npos) {
    const auto port = port_of(authority.substr(colon + 1));
    if (!port) return Wrong(port.error());
    url.port = *port;
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    const auto address = IpAddress::parse(host.substr(1, host.size() - 2));
    if (!address || address->is_v4()) return Wrong("has no valid host");
    url.host = address->to_string();
    return url;
  }
  const auto name = normal_host_name(host);
  if (!name) return Wrong("has no valid host");
  url.host = *name;
  return url;
}

std::string HttpUrl::authority() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  return port == (secure ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

std::string HttpUrl::to_string() const {
  return fmt::format("{}://{}{}", secure ? "https" : "http", authority(), target);
}

}  // namespace tandem::gateway
