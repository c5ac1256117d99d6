// A JWT in compact form (RFC 7515 §7.1, RFC 7519), taken apart: nothing in it is believed yet. Strict: exactly three
// parts, one spelling, and no header that would change what the others mean (RFC 8725).
#pragma once
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/value.h"

namespace tandem::jose {

inline constexpr std::size_t kMaxTokenBytes = 8 * 1024;
inline constexpr std::size_t kMaxKeyId = 256;

struct Token {
  std::string_view signed_bytes;  // header and claims as they came: what the signature is over
  std::string signature;
  json::Value claims;
  std::string algorithm;  // as the header names it: to be compared, never to be obeyed
  std::optional<std::string> key_id;
  std::optional<std::string> type;  // as media_type() says
};

// A `typ` as it is compared (RFC 7515 §4.1.9): in lower case and without "application/".
std::string media_type(std::string_view typ);

// `signed_bytes` points into `text`. The error is a literal for the log: what is wrong with it.
std::expected<Token, std::string_view> parse_token(std::string_view text);

}  // namespace tandem::jose
