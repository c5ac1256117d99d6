// What stands behind "Basic" in Authorization: base64 of a name, a colon and a password (RFC 7617 §2).
#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace tandem::passwords {

struct NameAndPassword {
  std::string name;
  std::string password;
};

// Strict: the one alphabet, padded, no spare bits (RFC 4648 §3.5, §4), no control characters, and no longer than a name
// and a password may be. The error is a literal and holds nothing of the credential.
std::expected<NameAndPassword, std::string_view> parse_basic(std::string_view credential);

}  // namespace tandem::passwords
