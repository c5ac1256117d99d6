// A rule's text as words. Load time only; private to the room.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/policy/rule.h"

namespace tandem::policy {

struct Lexeme {
  enum class Kind : std::uint8_t { word, text, number, symbol, end };
  Kind kind = Kind::end;
  std::string text;  // of a text what it says; else as it stands there
  std::size_t begin = 0, end = 0;

  bool is(std::string_view what) const { return (kind == Kind::word || kind == Kind::symbol) && text == what; }
};

// Ends with one of kind `end`.
std::expected<std::vector<Lexeme>, RuleError> split(std::string_view rule);

}  // namespace tandem::policy
