#include "gateway/cache/structured_field.h"

#include <algorithm>
#include <utility>

#include "common/http/byte_class.h"

namespace tandem::cache {
namespace {

using http::is_alpha;
using http::is_digit;

constexpr int kMostDigits = 15;
constexpr std::size_t kMostInner = 256;  // items of an inner list

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_key_char(char c) {
  return is_lower(c) || is_digit(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_part(char c) { return http::is_token_char(c) || c == ':' || c == '/'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : left_(text) {}

  std::optional<std::vector<DictionaryMember>> dictionary() {
    std::vector<DictionaryMember> members;
    const bool good = each([&] {
      DictionaryMember member;
      if (!key(member.key)) return false;
      if (take('=') ? !item_or_inner_list(member.value) : !parameters()) return false;
      const auto before = std::ranges::find(members, member.key, &DictionaryMember::key);
      if (before != members.end()) {
        before->value = std::move(member.value);
      } else {
        members.push_back(std::move(member));
      }
      return true;
    });
    return good ? std::optional(std::move(members)) : std::nullopt;
  }

  std::optional<std::vector<BareItem>> list() {
    std::vector<BareItem> items;
    const bool good = each([&] { return item_or_inner_list(items.emplace_back()); });
    return good ? std::optional(std::move(items)) : std::nullopt;
  }

 private:
  template <class Member>
  bool each(Member member) {
    skip_spaces();
    for (std::size_t count = 0; !left_.empty(); ++count) {
      if (count == kMostMembers || !member()) return false;
      skip_blanks();
      if (left_.empty()) return true;
      if (!take(',')) return false;
      skip_blanks();
      if (left_.empty()) return false;  // a trailing comma
    }
    return true;
  }

  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  void skip_blanks() {
    while (!left_.empty() && http::is_blank(left_.front())) left_.remove_prefix(1);
  }
  template <class Wanted>
  std::string_view take_while(Wanted wanted) {
    const auto end = std::ranges::find_if_not(left_, wanted);
    const std::string_view taken = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(taken.size());
    return taken;
  }

  bool key(std::string& to) {
    if (left_.empty() || (!is_lower(left_.front()) && left_.front() != '*')) return false;
    to = take_while(is_key_char);
    return true;
  }

  bool item_or_inner_list(BareItem& to) { return left_.starts_with('(') ? inner_list(to) : bare(to) && parameters(); }

  bool inner_list(BareItem& to) {
    to.kind = BareItem::Kind::inner_list;
    take('(');
    for (std::size_t count = 0; count < kMostInner; ++count) {
      skip_spaces();
      if (take(')')) return parameters();
      BareItem inner;
      if (!bare(inner) || !parameters()) return false;
      if (!left_.starts_with(' ') && !left_.starts_with(')')) return false;
    }
    return false;
  }

  bool parameters() {
    std::string name;
    BareItem value;
    while (take(';')) {
      skip_spaces();
      if (!key(name) || (take('=') && !bare(value))) return false;
    }
    return true;
  }

  bool bare(BareItem& to) {
    if (left_.empty()) return false;
    const char first = left_.front();
    if (first == '-' || is_digit(static_cast<unsigned char>(first))) return number(to);
    if (first == '"') return string(to);
    if (first == '*' || is_alpha(static_cast<unsigned char>(first))) {
      to.kind = BareItem::Kind::token;
      to.text = take_while(is_token_part);
      return true;
    }
    left_.remove_prefix(1);
    if (first == ':') return bytes(to);
    if (first == '?') return boolean(to);
    if (first == '%') return display(to);
    if (first != '@' || !number(to) || to.kind != BareItem::Kind::integer) return false;
    to.kind = BareItem::Kind::date;
    return true;
  }

  bool number(BareItem& to) {
    const bool negative = take('-');
    const std::string_view whole = take_while([](char c) { return is_digit(static_cast<unsigned char>(c)); });
    if (whole.empty() || whole.size() > kMostDigits) return false;
    to.kind = BareItem::Kind::integer;
    to.integer = 0;
    for (const char c : whole) to.integer = to.integer * 10 + (c - '0');
    if (negative) to.integer = -to.integer;
    if (!take('.')) return true;
    to.kind = BareItem::Kind::decimal;
    const std::string_view part = take_while([](char c) { return is_digit(static_cast<unsigned char>(c)); });
    return whole.size() <= 12 && !part.empty() && part.size() <= 3;
  }

  bool string(BareItem& to) {
    to.kind = BareItem::Kind::string;
    to.text.clear();
    take('"');
    while (!left_.empty()) {
      char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (left_.empty() || (left_.front() != '"' && left_.front() != '\\')) return false;
        c = left_.front();
        left_.remove_prefix(1);
      } else if (c < 0x20 || c > 0x7e) {
        return false;
      }
      to.text += c;
    }
    return false;
  }

  bool bytes(BareItem& to) {
    to.kind = BareItem::Kind::bytes;
    take_while([](char c) {
      return is_alpha(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c)) || c == '+' ||
             c == '/' || c == '=';
    });
    return take(':');
  }

  bool boolean(BareItem& to) {
    to.kind = BareItem::Kind::boolean;
    to.truth = left_.starts_with('1');
    return take('1') || take('0');
  }

  bool display(BareItem& to) {
    to.kind = BareItem::Kind::display;
    if (!take('"')) return false;
    take_while([](char c) { return c >= 0x20 && c <= 0x7e && c != '"'; });
    return take('"');
  }

  std::string_view left_;
};

std::string_view without_end_spaces(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::vector<DictionaryMember>> parse_dictionary(std::string_view text) {
  return Parser(without_end_spaces(text)).dictionary();
}

std::optional<std::vector<BareItem>> parse_list(std::string_view text) {
  return Parser(without_end_spaces(text)).list();
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_sf_token(std::string_view text) {
  return !text.empty() && (text.front() == '*' || is_alpha(static_cast<unsigned char>(text.front()))) &&
         std::ranges::all_of(text, is_token_part);
}

}  // namespace tandem::cache
