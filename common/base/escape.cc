#include "common/base/escape.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace tandem {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // …

// Bytes that may be copied as they are: printable ASCII, for JSON without the quote and the backslash.
constexpr std::array<bool, 256> clean_bytes(bool json) {
  std::array<bool, 256> clean{};
  for (int c = 0x20; c < 0x7F; ++c) clean[static_cast<std::size_t>(c)] = !json || (c != '"' && c != '\\');
  return clean;
}
constexpr auto kCleanInJson = clean_bytes(true);
constexpr auto kCleanInText = clean_bytes(false);

// Eight bytes at a step, because nearly all log values are such. A byte's top bit is set where the byte is a control
// character, a quote, a backslash, DEL or not ASCII.
std::uint64_t unclean_in_json(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  const std::uint64_t special =
      has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\') | has_zero(word ^ kOnes * 0x7F);
  return (control | special | word) & kTops;
}

template <class Word>
std::uint64_t word_at(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

// The length of the well-formed UTF-8 sequence at `i` (RFC 3629 §4: no overlong forms, no surrogates), else 0.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const std::uint8_t first = byte_at(text, i);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  }
  if (length < 3) return length;
  const std::uint8_t second = byte_at(text, i + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool beyond = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

// U+0080 to U+009F: two bytes in UTF-8, control characters to a terminal.
bool is_c1(std::string_view text, std::size_t i) { return byte_at(text, i) == 0xC2 && byte_at(text, i + 1) < 0xA0; }

// Of a well-formed sequence of two or three bytes.
unsigned code_point(std::string_view character) {
  unsigned code = byte_at(character, 0) & (character.size() == 2 ? 0x1FU : 0x0FU);
  for (std::size_t k = 1; k < character.size(); ++k) code = code << 6 | (byte_at(character, k) & 0x3FU);
  return code;
}

// Characters that turn the order of what is shown around them (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
// U+2069), or end a line (U+2028, U+2029): with them a text looks like another one (CVE-2021-42574 is of this kind).
bool is_deceptive(std::string_view text, std::size_t i, std::size_t length) {
  if (length > 3) return false;
  const unsigned code = code_point(text.substr(i, length));
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_code_point(std::string& out, std::string_view character) {
  const unsigned code = code_point(character);
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
}

// Steps back from `cap` to the edge of a character; text that is no UTF-8 there is cut where it stands.
std::string_view cut(std::string_view text, std::size_t cap) {
  std::size_t end = cap;
  while (end > 0 && cap - end < 3 && (byte_at(text, end) & 0xC0) == 0x80) --end;
  return text.substr(0, (byte_at(text, end) & 0xC0) == 0x80 ? cap : end);
}

void append_hex(std::string& out, std::string_view prefix, std::uint8_t byte) {
  out.append(prefix).append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
}

void append_json_escape(std::string& out, std::uint8_t c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: append_hex(out, "\\u00", c);
  }
}

void append_text_escape(std::string& out, std::uint8_t c) {
  switch (c) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: append_hex(out, "\\x", c);
  }
}

// Appends the one character at `i`, which is not clean, and gives its length.
std::size_t append_json_character(std::string& out, std::string_view text, std::size_t i) {
  const std::size_t length = utf8_length(text, i);
  if (length == 0) {
    out += kReplacement;
    return 1;
  }
  if (length == 1) {
    append_json_escape(out, byte_at(text, i));
  } else if (is_c1(text, i)) {
    append_json_escape(out, byte_at(text, i + 1));
  } else if (is_deceptive(text, i, length)) {
    append_code_point(out, text.substr(i, length));
  } else {
    out += text.substr(i, length);
  }
  return length;
}

std::size_t append_text_character(std::string& out, std::string_view text, std::size_t i) {
  const std::size_t length = utf8_length(text, i);
  if (length <= 1) {
    append_text_escape(out, byte_at(text, i));
    return 1;
  }
  if (is_c1(text, i)) {
    append_text_escape(out, byte_at(text, i + 1));
  } else if (is_deceptive(text, i, length)) {
    append_code_point(out, text.substr(i, length));
  } else {
    out += text.substr(i, length);
  }
  return length;
}

template <class AppendCharacter>
void append_escaped(std::string& out, std::string_view text, const std::array<bool, 256>& clean,
                    AppendCharacter append_character) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t run = i;
    while (i < text.size() && clean[byte_at(text, i)]) ++i;
    out += text.substr(run, i - run);
    if (i < text.size()) i += append_character(out, text, i);
  }
}

}  // namespace

// The last word overlaps what was looked at already, so that no byte is looked at alone but in the shortest texts.
bool is_clean_in_json(std::string_view text) {
  const char* const data = text.data();
  const std::size_t size = text.size();
  if (size >= 8) {
    std::uint64_t unclean = unclean_in_json(word_at<std::uint64_t>(data + size - 8));
    for (std::size_t i = 0; i + 8 < size; i += 8) unclean |= unclean_in_json(word_at<std::uint64_t>(data + i));
    return unclean == 0;
  }
  if (size >= 4) {
    return unclean_in_json(word_at<std::uint32_t>(data) | word_at<std::uint32_t>(data + size - 4) << 32) == 0;
  }
  for (const char c : text) {
    if (!kCleanInJson[static_cast<std::uint8_t>(c)]) return false;
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text, std::size_t cap) {
  const bool too_long = text.size() > cap;
  if (!too_long && is_clean_in_json(text)) {
    const std::size_t before = out.size(), size = before + text.size() + 2;
    out.resize_and_overwrite(size, [&](char* bytes, std::size_t) {  // libstdc++ 12 passes the capacity, not the size
      bytes[before] = bytes[size - 1] = '"';
      text.copy(bytes + before + 1, text.size());
      return size;
    });
    return;
  }
  out += '"';
  append_escaped(out, too_long ? cut(text, cap) : text, kCleanInJson, append_json_character);
  if (too_long) out += kEllipsis;
  out += '"';
}

void append_printable(std::string& out, std::string_view text, std::size_t cap) {
  const bool too_long = text.size() > cap;
  append_escaped(out, too_long ? cut(text, cap) : text, kCleanInText, append_text_character);
  if (too_long) out += kEllipsis;
}

}  // namespace tandem
