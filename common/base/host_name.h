// Host names as TLS and HTTP speak of them. Pure functions, any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

// The one form in which names are compared: lower case, without the root's trailing dot. Nothing where `text` is no
// host name: labels of 1 to 63 letters, digits, '-' and '_', at most 253 characters. International names have their
// xn-- form. An IPv4 address passes, as it has the same letters; who cares asks IpAddress::parse() first.
std::optional<std::string> normal_host_name(std::string_view text);

}  // namespace tandem
