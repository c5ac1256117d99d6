// Single tokens of a JSON text (RFC 8259 §6, §7), as they were written. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tandem::json {

// Whether it is a number, whatever its size.
bool is_number(std::string_view token);

// Whether every backslash of a string begins an escape that there is (RFC 8259 §7).
bool has_sound_escapes(std::string_view quoted);

// What a string means, given with its quotes and well-formed. Nothing where it holds half a surrogate pair.
std::optional<std::string> decode_string(std::string_view quoted);

// `text` with its quotes, and what must be escaped. It is UTF-8 (RFC 3629).
std::string quote(std::string_view text);
bool is_utf8(std::string_view text);

// Whether a name, with its quotes as it was written, says `name`; or the same as another one.
bool says(std::string_view quoted, std::string_view name);
bool same_string(std::string_view quoted, std::string_view other_quoted);

}  // namespace tandem::json
