#include "gateway/cache/cache_control.h"

#include <algorithm>
#include <array>

#include "common/http/byte_class.h"
#include "gateway/cache/structured_field.h"

namespace tandem::cache {
namespace {

using http::equals_ignoring_case;
using http::for_each_element;

struct Flag {
  std::string_view name;
  bool Directives::* member;
};
struct Number {
  std::string_view name;
  std::optional<Seconds> Directives::* member;
};

constexpr std::array kFlags = {
    Flag{"no-store", &Directives::no_store},
    Flag{"no-transform", &Directives::no_transform},
    Flag{"only-if-cached", &Directives::only_if_cached},
    Flag{"public", &Directives::is_public},
    Flag{"must-revalidate", &Directives::must_revalidate},
    Flag{"proxy-revalidate", &Directives::proxy_revalidate},
    Flag{"must-understand", &Directives::must_understand},
};
constexpr std::array kNumbers = {
    Number{"max-age", &Directives::max_age},
    Number{"s-maxage", &Directives::s_maxage},
    Number{"min-fresh", &Directives::min_fresh},
    Number{"stale-while-revalidate", &Directives::stale_while_revalidate},
    Number{"stale-if-error", &Directives::stale_if_error},
};

struct Argument {
  bool given = false;
  bool broken = false;  // a quoted string without its end: what else stood there is unknown
  std::string text;
};

struct Directive {
  std::string_view name;
  Argument argument;
};

// Takes a quoted string off the front, whose first quote has been seen.
Argument take_quoted(std::string_view& left) {
  Argument argument{.given = true, .broken = true, .text = {}};
  std::size_t i = 1;
  for (; i < left.size(); ++i) {
    if (left[i] == '"') {
      argument.broken = false;
      ++i;
      break;
    }
    if (left[i] == '\\' && i + 1 < left.size()) ++i;
    argument.text += left[i];
  }
  left.remove_prefix(std::min(i, left.size()));
  return argument;
}

// Takes the next directive, up to and with its comma.
Directive take(std::string_view& left) {
  Directive directive;
  const std::size_t end = left.find_first_of("=,");
  directive.name = http::trim(left.substr(0, end));
  left.remove_prefix(std::min(left.size(), end));
  if (left.starts_with('=')) {
    left = http::trim(left.substr(1));
    if (left.starts_with('"')) {
      directive.argument = take_quoted(left);
      const std::size_t comma = std::min(left.find(','), left.size());
      // Something behind the closing quote is no part of any value.
      if (!http::trim(left.substr(0, comma)).empty()) directive.argument.text += '?';
      left.remove_prefix(comma);
    } else {
      const std::size_t comma = std::min(left.find(','), left.size());
      directive.argument = {.given = true, .broken = false, .text = std::string(http::trim(left.substr(0, comma)))};
      left.remove_prefix(comma);
    }
  }
  if (left.starts_with(',')) left.remove_prefix(1);
  return directive;
}

void keep_smaller(std::optional<Seconds>& to, Seconds value) { to = to ? std::min(*to, value) : value; }

// no-cache and private with field names hold for those fields only; without readable ones for all of it.
void qualified(const Argument& argument, bool& all, std::vector<std::string>& fields) {
  std::vector<std::string> names;
  bool sound = argument.given && !argument.broken;
  for_each_element(argument.text, [&](std::string_view name) {
    sound = sound && http::is_token(name);
    names.emplace_back(name);
  });
  if (!sound || names.empty()) {
    all = true;
  } else {
    fields.insert(fields.end(), names.begin(), names.end());
  }
}

void apply(const Directive& directive, Directives& to) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(directive.name, name); };
  if (is("no-cache")) return qualified(directive.argument, to.no_cache, to.no_cache_fields);
  if (is("private")) return qualified(directive.argument, to.is_private, to.private_fields);
  if (is("max-stale")) {
    if (!directive.argument.given) {
      to.any_stale = true;
    } else {
      keep_smaller(to.max_stale, parse_seconds(directive.argument.text).value_or(0));
    }
    return;
  }
  for (const Flag& flag : kFlags) {
    if (is(flag.name)) to.*flag.member = true;
  }
  for (const Number& number : kNumbers) {
    if (is(number.name)) keep_smaller(to.*number.member, parse_seconds(directive.argument.text).value_or(0));
  }
}

void apply_targeted(const DictionaryMember& member, Directives& to) {
  using Kind = BareItem::Kind;
  const bool off = member.value.kind == Kind::boolean && !member.value.truth;
  if (off) return;
  if (member.key == "no-cache") to.no_cache = true;
  if (member.key == "private") to.is_private = true;
  for (const Flag& flag : kFlags) {
    if (member.key == flag.name && member.value.kind == Kind::boolean) to.*flag.member = true;
  }
  for (const Number& number : kNumbers) {
    if (member.key != number.name || member.value.kind != Kind::integer) continue;
    to.*number.member =
        static_cast<Seconds>(std::clamp<std::int64_t>(member.value.integer, 0, std::int64_t{kMostSeconds}));
  }
}

}  // namespace

std::optional<Seconds> parse_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!http::is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(c - '0'), kMostSeconds);
  }
  return static_cast<Seconds>(value);
}

Directives parse_cache_control(std::string_view value) {
  Directives directives;
  while (!value.empty()) {
    const Directive directive = take(value);
    apply(directive, directives);
  }
  return directives;
}

std::optional<Directives> parse_targeted(std::string_view value) {
  const auto members = parse_dictionary(value);
  if (!members || members->empty()) return std::nullopt;
  Directives directives;
  for (const DictionaryMember& member : *members) apply_targeted(member, directives);
  return directives;
}

Control control_of(const http::Fields& answer) {
  if (answer.find("cdn-cache-control")) {
    if (auto targeted = parse_targeted(answer.joined("cdn-cache-control"))) return {*std::move(targeted), true};
  }
  return {parse_cache_control(answer.joined(http::FieldId::cache_control)), false};
}

}  // namespace tandem::cache
