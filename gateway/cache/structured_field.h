// Structured fields (RFC 9651) as far as caches need them: dictionaries (CDN-Cache-Control, RFC 9213) and lists of
// strings (Cache-Groups, RFC 9875). Pure; a field that does not parse is nothing at all, as §4.2 wants it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::cache {

// A value without its parameters, which nothing here asks for.
struct BareItem {
  enum class Kind : std::uint8_t { integer, decimal, string, token, bytes, boolean, date, display, inner_list };

  Kind kind = Kind::boolean;
  std::int64_t integer = 0;  // of integer and date
  bool truth = true;         // of boolean
  std::string text;          // of string (unescaped) and token
};

struct DictionaryMember {
  std::string key;
  BareItem value;  // a key alone is true
};

inline constexpr std::size_t kMostMembers = 1024;  // of a list or dictionary; more is none (§3.1 asks for 1024)

// `text`: the field's lines joined by ", ". Of a key that stands there twice the last one counts.
std::optional<std::vector<DictionaryMember>> parse_dictionary(std::string_view text);
std::optional<std::vector<BareItem>> parse_list(std::string_view text);

// `text` as a string item, in quotes; only for printable ASCII.
std::string quoted_string(std::string_view text);
// Whether it can stand as a token.
bool is_sf_token(std::string_view text);

}  // namespace tandem::cache
