// The URLs of helpers that the gateway itself asks: an issuer's, a key set's. A value.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tandem::gateway {

struct HttpUrl {
  bool secure = false;
  std::string host;  // in normal form; an address without its brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, as a request line says it

  // Takes http and https with a host; refuses user names, fragments, and what no request line may hold. The error says
  // what is wrong, for behind the quoted text.
  static std::expected<HttpUrl, std::string_view> parse(std::string_view text);
  std::string authority() const;  // as Host says it: without a default port
  std::string to_string() const;
  auto operator<=>(const HttpUrl&) const = default;
};

}  // namespace tandem::gateway
