#include "common/http/path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

enum class Class : std::uint8_t { plain, slash, dot, percent, bracket, refused };

// RFC 3986 pchar is plain. Browsers send '[' and ']' raw, which are encoded; the rest is refused.
constexpr std::array<Class, 256> kClasses = [] {
  std::array<Class, 256> table{};
  table.fill(Class::refused);
  for (unsigned c = 0; c < 128; ++c) {
    if (is_alpha(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c))) table[c] = Class::plain;
  }
  for (const char c : std::string_view("-_~!$&'()*+,;=:@")) table[static_cast<unsigned char>(c)] = Class::plain;
  table['/'] = Class::slash;
  table['.'] = Class::dot;
  table['%'] = Class::percent;
  table['['] = table[']'] = Class::bracket;
  return table;
}();

constexpr Class class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

constexpr bool is_unreserved(unsigned char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Normal already: no escape, no "//", no segment that begins with a dot.
bool is_normal(std::string_view path) {
  bool after_slash = false;
  for (const char c : path) {
    const Class kind = class_of(c);
    if (kind > Class::dot) return false;
    if (kind != Class::plain && after_slash) return false;
    after_slash = kind == Class::slash;
  }
  return true;
}

// Takes the bytes that escapes stand for, one by one; refuses overlong forms, surrogates and what is beyond U+10FFFF.
class Utf8Check {
 public:
  bool take(unsigned char c) {
    if (pending_ == 0) return c < 0x80 || begin(c);
    if (c < low_ || c > high_) return false;
    low_ = 0x80;
    high_ = 0xbf;
    --pending_;
    return true;
  }
  bool whole() const { return pending_ == 0; }

 private:
  bool begin(unsigned char c) {
    low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    pending_ = c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
    return pending_ != 0;
  }
  int pending_ = 0;
  unsigned char low_ = 0x80, high_ = 0xbf;
};

// What a dot segment looks like to a server that cuts parameters off or decodes %2F: "..", "..;x", "..%3Bx", "a%2F..".
bool is_hidden_dot_segment(std::string_view segment) {
  for (;;) {
    const std::size_t slash = segment.find("%2F");
    const std::string_view part = segment.substr(0, slash);
    const std::string_view name = part.substr(0, std::min(part.find(';'), part.find("%3B")));
    if (name == "." || name == "..") return true;
    if (slash == std::string_view::npos) return false;
    segment.remove_prefix(slash + 3);
  }
}

class Normalizer {
 public:
  Normalizer(std::string_view path, std::string& out, PathRules rules) : in_(path), out_(out), rules_(rules) {}

  // Segment by segment; `out_` always ends with the '/' that begins the next one.
  std::optional<HttpError> run() {
    out_.assign(1, '/');
    std::size_t i = 1;
    for (;;) {
      const std::size_t end = std::min(in_.find('/', i), in_.size());
      const std::size_t begin = out_.size();
      if (const auto error = copy_segment(in_.substr(i, end - i))) return error;
      const bool last = end == in_.size();
      if (const auto error = close_segment(begin, last)) return error;
      if (last) return std::nullopt;
      i = end + 1;
    }
  }

 private:
  std::optional<HttpError> copy_segment(std::string_view segment) {
    Utf8Check utf8;
    for (std::size_t i = 0; i < segment.size(); ++i) {
      const char c = segment[i];
      const Class kind = class_of(c);
      if (kind == Class::percent) {
        if (const auto error = copy_escape(segment.substr(i), utf8)) return error;
        i += 2;
        continue;
      }
      if (kind == Class::refused) return bad_request("the path holds a character that may not stand in it");
      if (!utf8.whole()) return bad_request("the path is not UTF-8");
      if (kind == Class::bracket) {
        out_ += c == '[' ? "%5B" : "%5D";
      } else {
        out_ += c;
      }
    }
    return utf8.whole() ? std::nullopt : std::optional(bad_request("the path is not UTF-8"));
  }

  std::optional<HttpError> copy_escape(std::string_view text, Utf8Check& utf8) {
    const int high = text.size() < 3 ? -1 : hex_value(text[1]);
    const int low = text.size() < 3 ? -1 : hex_value(text[2]);
    if (high < 0 || low < 0) return bad_request("the path holds a broken escape");
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (byte < 0x20 || byte == 0x7f) return bad_request("the path holds an encoded control");
    if (byte == '\\') return bad_request("the path holds an encoded backslash");
    if (byte == '/' && !rules_.encoded_slashes) return bad_request("the path holds an encoded slash");
    if (!utf8.take(byte)) return bad_request("the path is not UTF-8");
    if (is_unreserved(byte)) {
      out_ += static_cast<char>(byte);
      return std::nullopt;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    out_ += {'%', kDigits[static_cast<unsigned>(high)], kDigits[static_cast<unsigned>(low)]};
    return std::nullopt;
  }

  // The segment that begins at `begin` is in out_: drops it when it is empty or ".", and its parent too when "..".
  std::optional<HttpError> close_segment(std::size_t begin, bool last) {
    const std::string_view segment = std::string_view(out_).substr(begin);
    if (segment.empty()) return std::nullopt;  // "//" is "/"
    if (segment == ".") {
      out_.resize(begin);
    } else if (segment == "..") {
      if (begin == 1) return bad_request("the path leads above the root");
      out_.resize(out_.rfind('/', begin - 2) + 1);
    } else {
      if (is_hidden_dot_segment(segment)) return bad_request("the path hides a dot segment");
      if (!last) out_ += '/';
    }
    return std::nullopt;
  }

  std::string_view in_;
  std::string& out_;
  PathRules rules_;
};

}  // namespace

std::expected<std::string_view, HttpError> normalize_path(std::string_view path, std::string& buffer, PathRules rules) {
  if (!path.starts_with('/')) return std::unexpected(bad_request("the path does not begin with a slash"));
  if (is_normal(path)) return path;
  if (const auto error = Normalizer(path, buffer, rules).run()) return std::unexpected(*error);
  return std::string_view(buffer);
}

}  // namespace tandem::http
