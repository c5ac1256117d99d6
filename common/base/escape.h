// Making foreign bytes harmless where they are shown: JSON strings and log lines for people. What comes out is valid
// UTF-8 on one line without control characters (C1 ones included: terminals obey them) and without characters that
// reorder text, and no longer than asked for.
// Pure functions; text of plain ASCII is copied in whole runs.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace tandem {

inline constexpr std::size_t kNoCap = static_cast<std::size_t>(-1);

// No byte of `text` needs escaping in JSON: printable ASCII without quotes and backslashes.
bool is_clean_in_json(std::string_view text);

// Appends `text` as a JSON string with its quotes (RFC 8259 §7). Invalid UTF-8 becomes U+FFFD. When `text` is longer
// than `cap` bytes, it is cut there at a character's edge and ends with "…".
void append_json_string(std::string& out, std::string_view text, std::size_t cap = kNoCap);

// Appends `text` for a person to read: control characters and bytes that are not UTF-8 as \n, \r, \t or \xHH; the rest
// as it is, quotes and backslashes too; what reorders text as \uHHHH. Cut like a JSON string.
void append_printable(std::string& out, std::string_view text, std::size_t cap = kNoCap);

}  // namespace tandem
