#include "common/config/kinds.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/host_name.h"
#include "common/config/files.h"
#include "common/config/quantity.h"
#include "common/config/suggest.h"

namespace tandem::config {
namespace {

// How a message speaks of a text: what came from the environment or a file may be a secret put in the wrong place.
std::string said(const Value& value, std::string_view text) {
  return value.text() ? quoted(text) : std::string("the value");
}

// A scalar may also be { env = "NAME" } or { file = "PATH" }: "outside" in the schema's $defs.
Value scalar_schema(Value own) {
  Value outside;
  outside.set("$ref", "#/$defs/outside");
  Value schema;
  schema.set("anyOf", Value::Array{std::move(own), std::move(outside)});
  return schema;
}

Value text_schema(std::string_view pattern) {
  Value own;
  own.set("type", "string");
  if (!pattern.empty()) own.set("pattern", pattern);
  return scalar_schema(std::move(own));
}

// The kind of everything that is written as a text. `parse` gives the value or, by the error's detail, what is wrong.
template <class T>
Kind<T> parsed_text(std::string expected, std::string pattern, std::function<Result<T>(const std::string&)> parse,
                    std::function<std::string(const T&)> show) {
  return {.read =
              [expected, parse](Reader& reader, const Value& value, T& to) {
                const auto text = reader.text(value, expected);
                if (!text) return false;
                Result<T> parsed = parse(*text);
                if (!parsed) return reader.error(value.place, said(value, *text) + parsed.error().detail);
                to = *std::move(parsed);
                return true;
              },
          .show = [show](const T& value) { return std::optional<Value>(show(value)); },
          .schema = [pattern] { return text_schema(pattern); }};
}

std::unexpected<Error> wrong(std::string detail) { return fail(Origin::internal, "config", std::move(detail)); }

bool is_visible(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::string same(const std::string& text) { return text; }

}  // namespace

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

Kind<std::string> text() {
  return parsed_text<std::string>(
      "a string", "", [](const std::string& text) { return Result<std::string>(text); }, same);
}

Kind<std::string> name() {
  return parsed_text<std::string>(
      "a name", "^[A-Za-z_][A-Za-z0-9_-]*$",
      [](const std::string& text) -> Result<std::string> {
        if (is_name(text)) return text;
        return wrong(" is not a name; write letters, digits, _ and -, and a letter first");
      },
      same);
}

Kind<std::string> path(std::vector<std::string> words) {
  Kind<std::string> kind = text();
  kind.read = [words](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, "a path");
    if (!text) return false;
    if (text->empty()) return reader.error(value.place, "the path is empty");
    const bool is_word = std::ranges::find(words, *text) != words.end();
    to = is_word ? *text : relative_to(reader.diagnostics().file_name(value.place.file), *text);
    return true;
  };
  return kind;
}

Kind<std::string> url_path() {
  return parsed_text<std::string>(
      "a path such as \"/readyz\"", "^/[!-~]*$",
      [](const std::string& text) -> Result<std::string> {
        if (is_visible(text) && text[0] == '/') return text;
        return wrong(" is not a path; write one that begins with / and has no spaces, such as \"/readyz\"");
      },
      same);
}

Kind<std::string> host() {
  return parsed_text<std::string>(
      "a host name", "^[A-Za-z0-9._:\\[\\]-]+$",
      [](const std::string& text) -> Result<std::string> {
        constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:[]-";
        if (!text.empty() && text.find_first_not_of(kAllowed) == text.npos) return text;
        return wrong(" is not a host name");
      },
      same);
}

Kind<std::string> host_pattern() {
  return parsed_text<std::string>(
      "a host name", "^(\\*\\.)?[A-Za-z0-9._-]+$",
      [](const std::string& text) -> Result<std::string> {
        const std::string prefix = text.starts_with("*.") ? "*." : "";
        const auto name = normal_host_name(std::string_view(text).substr(prefix.size()));
        if (name && !IpAddress::parse(*name)) return prefix + *name;
        return wrong(
            " is not a host name; write one such as \"api.example.com\", or \"*.example.com\" for exactly one label "
            "more");
      },
      same);
}

Kind<std::string> unless_empty(Kind<std::string> kind) {
  kind.show = [show = kind.show](const std::string& text) { return text.empty() ? std::nullopt : show(text); };
  return kind;
}

Kind<std::optional<std::string>> secret() {
  Kind<std::optional<std::string>> kind;
  kind.read = [](Reader& reader, const Value& value, std::optional<std::string>& to) {
    if (!value.table()) reader.diagnostics().hide_line(value.place);
    auto text = reader.text(value, "a string");
    if (!text) return false;
    if (text->empty()) return reader.error(value.place, "the secret is empty");
    if (const Value* file = value.find("file"); file && file->text()) {
      reader.warn_of_readable(value.place,
                              relative_to(reader.diagnostics().file_name(value.place.file), *file->text()));
    }
    to = *std::move(text);
    return true;
  };
  kind.show = [](const std::optional<std::string>& value) {
    return value ? std::optional<Value>("********") : std::nullopt;
  };
  kind.schema = [] { return text_schema(""); };
  kind.secret = true;
  return kind;
}

Kind<bool> boolean() {
  return {.read =
              [](Reader& reader, const Value& value, bool& to) {
                const auto found = reader.scalar(value);
                if (!found) return false;
                const bool from_text = found->from_outside && (*found->text() == "true" || *found->text() == "false");
                if (!found->boolean() && !from_text) return reader.expected("true or false", *found);
                to = from_text ? *found->text() == "true" : *found->boolean();
                return true;
              },
          .show = [](const bool& value) { return std::optional<Value>(value); },
          .schema =
              [] {
                Value own;
                own.set("type", "boolean");
                return scalar_schema(std::move(own));
              }};
}

Kind<std::int64_t> detail::number(std::int64_t min, std::int64_t max, std::optional<std::int64_t> none) {
  const std::string or_none = none ? " or \"none\"" : "";
  const std::string range = fmt::format("a whole number from {} to {}{}", min, max, or_none);
  Kind<std::int64_t> kind;
  kind.read = [=](Reader& reader, const Value& value, std::int64_t& to) {
    const auto found = reader.scalar(value);
    if (!found) return false;
    std::optional<std::int64_t> read;
    if (found->integer()) read = *found->integer();
    if (found->text() && none && *found->text() == "none") {
      to = *none;
      return true;
    }
    if (found->text() && found->from_outside) {
      const std::string& text = *found->text();
      std::int64_t parsed = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      if (error == std::errc() && end == text.data() + text.size()) read = parsed;
      if (!read) return reader.error(value.place, "the value is not " + range);
    }
    if (!read && found->text() && none) return reader.error(value.place, quoted(*found->text()) + " is not " + range);
    if (!read) return reader.expected("a whole number" + or_none, *found);
    if (*read < min || *read > max) {
      return reader.error(value.place, fmt::format("{} is out of range; write {}", *read, range));
    }
    to = *read;
    return true;
  };
  kind.show = [none](const std::int64_t& number) {
    return std::optional<Value>(number == none ? Value("none") : Value(number));
  };
  kind.schema = [=] {
    Value own;
    own.set("type", "integer").set("minimum", min).set("maximum", max);
    Value word;
    word.set("const", "none");
    Value schema = scalar_schema(std::move(own));
    if (none) schema.table()->front().value.array()->push_back(std::move(word));
    return schema;
  };
  return kind;
}

namespace {

// The kinds that are a number with a unit. `none`: the value for "none", where that is allowed.
template <class T>
struct Quantity {
  std::string what;  // "duration"
  std::string how;   // "write a number with ms, s, m or h, such as \"5s\""
  std::string units;
  std::optional<T> (*parse)(std::string_view);
  std::string (*format)(T);
  std::string_view fraction = {};  // what may follow the digits, as a pattern
};

template <class T>
Kind<T> quantity(Quantity<T> q, T min, T max, std::optional<T> none) {
  const auto parse = [=](const std::string& text) -> Result<T> {
    if (none && text == "none") return *none;
    const auto value = q.parse(text);
    if (!value) return wrong(fmt::format(" is not a {}; {}{}", q.what, q.how, none ? ", or \"none\"" : ""));
    if (*value < min) return wrong(fmt::format(" is too little; write {} or more", q.format(min)));
    if (*value > max) return wrong(fmt::format(" is too much; write {} or less", q.format(max)));
    return *value;
  };
  const auto show = [=](const T& value) { return none && value == *none ? std::string("none") : q.format(value); };
  const std::string pattern = fmt::format("^[0-9]+{}({})${}", q.fraction, q.units, none ? "|^none$" : "");
  return parsed_text<T>(fmt::format("a {} ({})", q.what, q.how), pattern, parse, show);
}

Quantity<Duration> durations() {
  return {"duration", "write a number with ms, s, m or h, such as \"5s\"", "ms|s|m|h", parse_duration, format_duration};
}
Quantity<std::uint64_t> sizes() {
  return {"size", "write a number with B, KiB, MiB or GiB, such as \"64KiB\"", "B|KiB|MiB|GiB", parse_size,
          format_size};
}

}  // namespace

Kind<Duration> duration(Duration min, Duration max) { return quantity<Duration>(durations(), min, max, std::nullopt); }

Kind<Duration> duration_or_none(Duration min, Duration none) {
  return quantity<Duration>(durations(), min, std::chrono::hours(24 * 366), none);
}

Kind<std::uint64_t> size(std::uint64_t min, std::uint64_t max) {
  return quantity<std::uint64_t>(sizes(), min, max, std::nullopt);
}

Kind<std::uint64_t> size_or_none(std::uint64_t min) {
  constexpr auto kMost = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  return quantity<std::uint64_t>(sizes(), min, kMost, std::numeric_limits<std::uint64_t>::max());
}

Kind<double> share(double min) {
  const Quantity<double> q{"share",       "write a number of percent, such as \"50%\"", "%", parse_share, format_share,
                           "([.][0-9]+)?"};
  return quantity<double>(q, min, 1.0, std::nullopt);
}

Kind<std::uint64_t> size_rate_or_none() {
  Quantity<std::uint64_t> per_second = {"rate", "write a number with B/s, KiB/s, MiB/s or GiB/s, such as \"1KiB/s\"",
                                        "(B|KiB|MiB|GiB)/s",
                                        [](std::string_view text) -> std::optional<std::uint64_t> {
                                          if (!text.ends_with("/s")) return std::nullopt;
                                          return parse_size(text.substr(0, text.size() - 2));
                                        },
                                        [](std::uint64_t bytes) { return format_size(bytes) + "/s"; }};
  constexpr auto kMost = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  return quantity<std::uint64_t>(std::move(per_second), 1, kMost, std::uint64_t{0});
}

Kind<std::optional<limit::Rate>> rate_or_none() {
  const std::string how = "write a number with /s, /min, /h or /day, such as \"100/s\"";
  return parsed_text<std::optional<limit::Rate>>(
      fmt::format("a rate ({})", how), "^[0-9]+/(s|min|h|day)$|^none$",
      [how](const std::string& text) -> Result<std::optional<limit::Rate>> {
        if (text == "none") return std::optional<limit::Rate>();
        if (const auto rate = parse_rate(text)) return rate;
        return wrong(fmt::format(" is not a rate; {}, at most a million a second, or \"none\"", how));
      },
      [](const std::optional<limit::Rate>& rate) { return rate ? format_rate(*rate) : std::string("none"); });
}

Kind<Address> address() {
  return parsed_text<Address>(
      "an address such as \"127.0.0.1:8080\"", "^(unix:.+|.*:[0-9]{1,5})$",
      [](const std::string& text) -> Result<Address> {
        auto parsed = Address::parse(text);
        if (parsed) return *std::move(parsed);
        const std::size_t why = parsed.error().detail.find("\" is not an address: ");  // base quotes the text itself
        return wrong(why == std::string::npos ? " is not an address" : parsed.error().detail.substr(why + 1));
      },
      [](const Address& value) { return value.to_string(); });
}

namespace {

Kind<IpPrefix> prefix() {
  return parsed_text<IpPrefix>(
      "an address or prefix such as \"10.0.0.0/8\"", "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$",
      [](const std::string& text) -> Result<IpPrefix> {
        if (const auto prefix = IpPrefix::parse(text)) return *prefix;
        return wrong(
            " is not an address or prefix; write one such as \"10.0.0.0/8\" or \"::1\", with no bits set "
            "beyond its length");
      },
      [](const IpPrefix& value) { return value.to_string(); });
}

}  // namespace

Kind<std::vector<IpPrefix>> prefixes() {
  const std::string what = "addresses and prefixes such as [\"10.0.0.0/8\"]";
  auto kind = list(prefix(), what);
  kind.read = [what, item = prefix()](Reader& reader, const Value& value, std::vector<IpPrefix>& to) {
    if (!value.array()) return reader.expected("a list of " + what, value);
    std::vector<IpPrefix> read;
    std::map<IpPrefix, Place> known;  // lists may have thousands
    bool good = true;
    for (const Value& element : *value.array()) {
      IpPrefix& one = read.emplace_back();
      if (!item.read(reader, element, one)) {
        good = false;
      } else if (const auto [first, is_new] = known.emplace(one, element.place); !is_new) {
        good = reader.error(element.place, fmt::format("{} is in the list already, at {}", quoted(one.to_string()),
                                                       reader.diagnostics().describe(first->second)));
      }
    }
    if (good) to = std::move(read);
    return good;
  };
  return kind;
}

Kind<std::size_t> detail::word(std::vector<std::string> words) {
  std::vector<std::string> in_quotes;
  for (const std::string& word : words) in_quotes.push_back(quoted(word));
  const std::string expected = fmt::format("one of {}", fmt::join(in_quotes, ", "));
  Kind<std::size_t> kind = parsed_text<std::size_t>(
      expected, "",
      [words, expected](const std::string& text) -> Result<std::size_t> {
        const auto found = std::ranges::find(words, text);
        if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
        const std::string near = did_you_mean(text, words);
        return wrong(fmt::format(" is not {}{}", expected, near));
      },
      [words](const std::size_t& index) { return words[index]; });
  kind.schema = [words] {
    Value own;
    own.set("enum", Value::Array(words.begin(), words.end()));
    return scalar_schema(std::move(own));
  };
  return kind;
}

Value detail::list_schema(Value item) {
  Value schema;
  schema.set("type", "array").set("items", std::move(item));
  return schema;
}

}  // namespace tandem::config
