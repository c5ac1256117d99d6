#include "gateway/json/text.h"

#include <algorithm>
#include <cstdint>

#include "common/base/escape.h"

namespace tandem::json {
namespace {

constexpr std::uint32_t kHighSurrogate = 0xd800, kLowSurrogate = 0xdc00, kBehindSurrogates = 0xe000;

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

std::string_view inside(std::string_view quoted) { return quoted.substr(1, quoted.size() - 2); }

bool has_escapes(std::string_view quoted) { return quoted.contains('\\'); }

std::uint32_t hex(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  const auto further = [&byte](std::uint32_t value) { byte(0x80 | (value & 0x3f)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | point >> 6);
    further(point);
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    further(point >> 6);
    further(point);
  } else {
    byte(0xf0 | point >> 18);
    further(point >> 12);
    further(point >> 6);
    further(point);
  }
}

char plain_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

// The character whose "\u" stands at `at`, which moves behind it.
std::optional<std::uint32_t> take_escaped(std::string_view text, std::size_t& at) {
  const std::uint32_t first = hex(text.substr(at + 2, 4));
  at += 6;
  if (first < kHighSurrogate || first >= kBehindSurrogates) return first;
  if (first >= kLowSurrogate || text.substr(at, 2) != "\\u") return std::nullopt;
  const std::uint32_t second = hex(text.substr(at + 2, 4));
  if (second < kLowSurrogate || second >= kBehindSurrogates) return std::nullopt;
  at += 6;
  return 0x10000 + ((first - kHighSurrogate) << 10) + (second - kLowSurrogate);
}

}  // namespace

bool is_number(std::string_view token) {
  std::size_t at = token.starts_with('-') ? 1 : 0;
  const std::size_t whole = skip_digits(token, at);
  if (whole == at || (token[at] == '0' && whole > at + 1)) return false;
  at = whole;
  if (at < token.size() && token[at] == '.') {
    const std::size_t end = skip_digits(token, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const std::size_t end = skip_digits(token, at);
    if (end == at) return false;
    at = end;
  }
  return at == token.size();
}

bool has_sound_escapes(std::string_view quoted) {
  const std::string_view text = inside(quoted);
  for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
    const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
    if (kind == 'u') {
      const std::string_view digits = text.substr(at + 2, 4);
      if (digits.size() < 4 || !std::ranges::all_of(digits, is_hex)) return false;
    } else if (!std::string_view("\"\\/bfnrt").contains(kind)) {
      return false;
    }
    at += 2;
  }
  return true;
}

std::optional<std::string> decode_string(std::string_view quoted) {
  const std::string_view text = inside(quoted);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
    } else if (text[at + 1] != 'u') {
      out += plain_escape(text[at + 1]);
      at += 2;
    } else {
      const auto point = take_escaped(text, at);
      if (!point) return std::nullopt;
      append_utf8(out, *point);
    }
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

bool says(std::string_view quoted, std::string_view name) {
  return has_escapes(quoted) ? decode_string(quoted) == name : inside(quoted) == name;
}

bool same_string(std::string_view quoted, std::string_view other_quoted) {
  if (!has_escapes(quoted)) return says(other_quoted, inside(quoted));
  if (!has_escapes(other_quoted)) return says(quoted, inside(other_quoted));
  return quoted == other_quoted || decode_string(quoted) == decode_string(other_quoted);
}

}  // namespace tandem::json
