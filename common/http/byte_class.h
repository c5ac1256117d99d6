// What a byte may be in a message's head (RFC 9110 §5.6, RFC 3986 §2): tables and scans shared by the parsers of this
// room. The scans are written for vector code.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tandem::http {

constexpr bool is_alpha(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }  // never \x0b, \x0c, \x85 or \xa0

namespace detail {
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = is_alpha(static_cast<unsigned char>(c)) || (c >= '0' && c <= '9');
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline constexpr std::array<bool, 256> kToken = make_token_table();
}  // namespace detail

constexpr bool is_token_char(char c) { return detail::kToken[static_cast<unsigned char>(c)]; }

// A non-empty token (RFC 9110 §5.6.2): the form of methods and field names.
constexpr bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Cuts SP and HTAB from both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// ASCII letters compare without case; nothing else does.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, {}, to_lower, to_lower);
}

// Calls `visit(element)` for every element of a comma-separated list, trimmed, empty ones left out (RFC 9110 §5.6.1).
template <class Visit>
constexpr void for_each_element(std::string_view list, Visit visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty()) visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// How often the bytes that end lines occur, and whether a control that may stand nowhere does.
struct LineCensus {
  std::size_t cr = 0;
  std::size_t lf = 0;
  bool control = false;  // below 0x20 other than HTAB, CR, LF; or 0x7f
};

namespace detail {
using Block = std::uint8_t __attribute__((vector_size(16)));  // the baseline of every 64-bit machine

inline std::size_t sum(const Block& block) {
  std::uint64_t words[2];
  std::memcpy(words, &block, sizeof words);
  constexpr std::uint64_t kLowBytes = 0x00ff00ff00ff00ff, kOnes = 0x0001000100010001;
  std::uint64_t pairs = 0;  // four sums of sixteen bits each
  for (const std::uint64_t word : words) pairs += (word & kLowBytes) + (word >> 8 & kLowBytes);
  return static_cast<std::size_t>(pairs * kOnes >> 48);
}
}  // namespace detail

// Sixteen bytes at a time: every head is counted once when it is read and once when it is written.
inline LineCensus count_line_ends(std::string_view text) {
  LineCensus census;
  std::size_t controls = 0;  // CR and LF too, without HTAB
  const char* at = text.data();
  std::size_t left = text.size();
  while (left > 0) {
    detail::Block cr{}, lf{}, control{};
    const auto count = [&](const detail::Block& c) {
      const detail::Block low = reinterpret_cast<detail::Block>(c < 0x20) | reinterpret_cast<detail::Block>(c == 0x7f);
      control -= low & ~reinterpret_cast<detail::Block>(c == '\t');
      cr -= reinterpret_cast<detail::Block>(c == '\r');
      lf -= reinterpret_cast<detail::Block>(c == '\n');
    };
    detail::Block c;
    std::size_t blocks = std::min<std::size_t>(left / sizeof c, 254);  // more could overflow a counter
    for (const char* const end = at + blocks * sizeof c; at != end; at += sizeof c) {
      std::memcpy(&c, at, sizeof c);
      count(c);
    }
    left -= blocks * sizeof c;
    if (left > 0 && left < sizeof c) {
      c = detail::Block{} + std::uint8_t{' '};
      std::memcpy(&c, at, left);
      count(c);
      left = 0;
    }
    census.cr += detail::sum(cr);
    census.lf += detail::sum(lf);
    controls += detail::sum(control);
  }
  census.control = controls != census.cr + census.lf;
  return census;
}

// Only visible ASCII (0x21 to 0x7e): the only bytes a request target may hold.
inline bool is_visible_ascii(std::string_view text) {
  std::uint8_t bad = 0;
  for (const char raw : text) {
    const auto c = static_cast<std::uint8_t>(raw);
    bad = static_cast<std::uint8_t>(bad | (c < 0x21) | (c > 0x7e));
  }
  return bad == 0;
}

}  // namespace tandem::http
