// base64 and base64url (RFC 4648 §4, §5). Strict: one text has one spelling. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

// With its padding, as HTTP's Basic credentials have it. Nothing for a character outside the alphabet, padding that
// does not fit, or spare bits that are not zero.
std::optional<std::string> from_base64(std::string_view text);

std::string to_base64(std::string_view bytes);

// Without padding, as tokens and keys have it (RFC 7515 §2): likewise, and nothing for an impossible length.
std::optional<std::string> from_base64url(std::string_view text);
std::string to_base64url(std::string_view bytes);

}  // namespace tandem
