// Reads a JSON text (RFC 8259) from somebody who is not trusted: bounded in depth, strict in form, and without members
// of the same name, which two readers could take for different things.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "common/json/value.h"

namespace tandem::json {

inline constexpr std::size_t kMaxDepth = 16;  // of arrays and objects within one another

// The whole text as a value; else a literal that says what is wrong: not JSON, too deep, a name twice, invalid UTF-8,
// half a surrogate pair, a number beyond what a double holds, something behind the end.
std::expected<Value, std::string_view> parse(std::string_view text);

std::string parser_version();  // of the library

}  // namespace tandem::json
