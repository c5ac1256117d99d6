#include "gateway/config_helper.h"

#include <fmt/format.h>

#include "common/base/address.h"

namespace tandem::gateway {

using namespace config;

Kind<std::optional<HttpUrl>> http_url() {
  Kind<std::optional<HttpUrl>> kind;
  kind.read = [](Reader& reader, const Value& value, std::optional<HttpUrl>& to) {
    const auto text = reader.text(value, "a URL");
    if (!text) return false;
    auto url = HttpUrl::parse(*text);
    if (!url) return reader.error(value.place, fmt::format("{} {}", quoted(*text), url.error()));
    to = *std::move(url);
    return true;
  };
  kind.show = [](const std::optional<HttpUrl>& url) {
    return url ? std::optional<Value>(url->to_string()) : std::nullopt;
  };
  kind.schema = text().schema;
  return kind;
}

bool is_loopback(const HttpUrl& url) {
  const auto address = IpAddress::parse(url.host);
  static const IpPrefix v4 = *IpPrefix::parse("127.0.0.0/8"), v6 = *IpPrefix::parse("::1/128");
  return url.host == "localhost" || (address && (v4.contains(*address) || v6.contains(*address)));
}

}  // namespace tandem::gateway
