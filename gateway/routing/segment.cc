#include "gateway/routing/segment.h"

#include <algorithm>
#include <string>

namespace tandem::routing {
namespace {

bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The byte at `at`, an escape counting as the byte it stands for; moves `at` behind it.
unsigned char decoded_byte(std::string_view text, std::size_t& at) {
  if (is_escape(text, at)) {
    const int byte = hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]);
    at += 3;
    return static_cast<unsigned char>(byte);
  }
  return static_cast<unsigned char>(text[at++]);
}

// How many bytes follow a lead byte, and the smallest code point that needs so many; -1 for what is no lead byte.
int continuation_bytes(unsigned char lead) {
  if (lead < 0x80) return 0;
  if (lead >= 0xc2 && lead < 0xe0) return 1;
  if (lead >= 0xe0 && lead < 0xf0) return 2;
  if (lead >= 0xf0 && lead < 0xf5) return 3;
  return -1;
}

const char* append_escape(std::string& out, unsigned char byte, Place place) {
  if (byte < 0x20 || byte == 0x7f) return "a control character is never part of a request's target";
  if (place == Place::path && (byte == '/' || byte == '\\')) {
    return "an escaped slash or backslash is no part of a literal";
  }
  if (is_unreserved(byte)) {
    out += static_cast<char>(byte);
  } else {
    append_escaped(out, byte);
  }
  return nullptr;
}

}  // namespace

bool is_uint(std::string_view segment) {
  if (segment.empty() || segment.size() > 19 || (segment[0] == '0' && segment.size() > 1)) return false;
  return std::ranges::all_of(segment, is_digit);
}

bool is_uuid(std::string_view segment) {
  if (segment.size() != 36) return false;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? segment[i] != '-' : hex_value(segment[i]) < 0) return false;
  }
  return true;
}

bool is_slug(std::string_view segment) {
  if (segment.empty()) return false;
  return std::ranges::all_of(segment,
                             [](unsigned char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_unreserved(unsigned char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_segment_char(unsigned char c) {
  return is_unreserved(c) || (c != '\0' && std::string_view("!$&'()*+,;=:@").contains(static_cast<char>(c)));
}

int hex_value(unsigned char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '%' && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

bool decodes_to(std::string_view encoded, std::string_view plain) {
  std::size_t matched = 0;
  for (std::size_t at = 0; at < encoded.size(); ++matched) {
    if (matched == plain.size()) return false;
    char c = encoded[at];
    if (is_escape(encoded, at)) {
      c = static_cast<char>(hex_value(encoded[at + 1]) * 16 + hex_value(encoded[at + 2]));
      at += 3;
    } else {
      if (c == '+') c = ' ';
      ++at;
    }
    if (c != plain[matched]) return false;
  }
  return matched == plain.size();
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out += '%';
  out += kDigits[c >> 4];
  out += kDigits[c & 15];
}

bool is_dot_segment(std::string_view segment) {
  int dots = 0;
  for (std::size_t at = 0; at < segment.size();) {
    const unsigned char byte = decoded_byte(segment, at);
    if (byte == ';') break;
    if (byte != '.' || ++dots > 2) return false;
  }
  return dots > 0;
}

const char* append_literal(std::string& out, std::string_view text, std::size_t& at, Place place) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c == '%') {
    if (!is_escape(text, at)) return "\"%\" must be followed by two hexadecimal digits";
    return append_escape(out, decoded_byte(text, at), place);
  }
  if (c >= 0x80) {
    append_escaped(out, c);
  } else if (c == '{' || c == '}' || (place == Place::query && (c == '[' || c == ']'))) {
    append_escaped(out, c);  // may be written plainly here, stands only escaped in a request
  } else if (is_segment_char(c) || (place == Place::query && (c == '/' || c == '?'))) {
    out += static_cast<char>(c);
  } else if (c == '#') {
    return "\"#\" is never part of a request's target";
  } else if (c == '?') {
    return "a query does not belong here; conditions on it stand in `when`";
  } else {
    return c < 0x20 || c == 0x7f ? "a control character is never part of a request's target"
                                 : "this character must be percent-encoded";
  }
  ++at;
  return nullptr;
}

bool is_utf8_when_decoded(std::string_view literal) {
  for (std::size_t at = 0; at < literal.size();) {
    const unsigned char lead = decoded_byte(literal, at);
    const int more = continuation_bytes(lead);
    if (more < 0) return false;
    for (int i = 0; i < more; ++i) {
      if (at >= literal.size()) return false;
      const unsigned char byte = decoded_byte(literal, at);
      if ((byte & 0xc0) != 0x80) return false;
      if (i > 0) continue;
      // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
      if ((lead == 0xe0 && byte < 0xa0) || (lead == 0xed && byte >= 0xa0)) return false;
      if ((lead == 0xf0 && byte < 0x90) || (lead == 0xf4 && byte >= 0x90)) return false;
    }
  }
  return true;
}

}  // namespace tandem::routing
