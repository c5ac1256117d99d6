// base64url without padding (RFC 7515 §2). Strict: one text has one spelling.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tandem::jose {

// Nothing for a character outside the alphabet, padding, an impossible length, or spare bits that are not zero.
std::optional<std::string> from_base64url(std::string_view text);
std::string to_base64url(std::string_view bytes);

}  // namespace tandem::jose
