// The kinds of values a key can have. A kind reads a value into a C++ type (and says itself what is wrong), shows one
// as a file would write it, and describes itself as JSON Schema: reading, dump and schema come from the same object.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/config/reader.h"
#include "common/limit/rate.h"

namespace tandem::config {

template <class T>
struct Kind {
  std::function<bool(Reader&, const Value&, T&)> read;  // false: refused, and said so; T is as before then
  std::function<std::optional<Value>(const T&)> show;   // nothing: the key is absent
  std::function<Value()> schema;
  bool secret = false;
  bool names_itself = false;  // messages begin with the thing's own name, not with the key
};

Kind<std::string> text();  // any
Kind<std::string> name();  // [A-Za-z_][A-Za-z0-9_-]*
Kind<std::string> path(
    std::vector<std::string> words = {});                // relative to the naming file; the words stand for themselves
Kind<std::string> url_path();                            // "/readyz": visible ASCII that begins with a slash
Kind<std::string> host();                                // "api.example.com", "[::1]:8080": what a Host field may say
Kind<std::string> host_pattern();                        // "api.example.com", "*.example.com"; in lower case
Kind<std::string> unless_empty(Kind<std::string> kind);  // dump leaves the key out where the text is empty
Kind<std::optional<std::string>> secret();
Kind<bool> boolean();
Kind<Duration> duration(Duration min, Duration max = std::chrono::hours(24 * 366));
Kind<Duration> duration_or_none(Duration min, Duration none = kNever);
Kind<std::uint64_t> size(std::uint64_t min, std::uint64_t max);
Kind<std::uint64_t> size_or_none(std::uint64_t min = 0);  // "none": the largest number
Kind<std::uint64_t> size_rate_or_none();                  // "1KiB/s"; "none": 0
Kind<double> share(double min);
Kind<std::optional<limit::Rate>> rate_or_none();
Kind<Address> address();
Kind<std::vector<IpPrefix>> prefixes();  // a list of "10.0.0.0/8", "::1"; none twice

bool is_name(std::string_view text);

namespace detail {
Kind<std::int64_t> number(std::int64_t min, std::int64_t max, std::optional<std::int64_t> none);
Kind<std::size_t> word(std::vector<std::string> words);  // an index into the words
Value list_schema(Value item);
}  // namespace detail

// A kind of another type with the same text: `there` and `back` convert.
template <class To, class From, class There, class Back>
Kind<To> converted(Kind<From> from, There there, Back back) {
  return {.read =
              [from, there](Reader& reader, const Value& value, To& to) {
                From read{};
                if (!from.read(reader, value, read)) return false;
                to = there(std::move(read));
                return true;
              },
          .show = [from, back](const To& value) { return from.show(back(value)); },
          .schema = from.schema,
          .secret = from.secret,
          .names_itself = from.names_itself};
}

// A whole number; with `none`, the text "none" stands for that value.
template <class T>
Kind<T> integer(T min, T max, std::optional<T> none = std::nullopt) {
  const auto wide_none = none ? std::optional<std::int64_t>(*none) : std::nullopt;
  return converted<T>(
      detail::number(min, max, wide_none), [](std::int64_t n) { return static_cast<T>(n); },
      [](T n) { return static_cast<std::int64_t>(n); });
}
inline Kind<std::uint32_t> count_or_none(std::uint32_t min) {
  return integer<std::uint32_t>(min, 1'000'000'000, std::numeric_limits<std::uint32_t>::max());
}

// One of several words, as an enum.
template <class E>
Kind<E> words(std::vector<std::pair<std::string, E>> choices) {
  std::vector<std::string> texts;
  for (const auto& choice : choices) texts.push_back(choice.first);
  return converted<E>(
      detail::word(std::move(texts)), [choices](std::size_t index) { return choices[index].second; },
      [choices](E value) {
        std::size_t index = 0;
        while (index + 1 < choices.size() && choices[index].second != value) ++index;
        return index;
      });
}

// What may be absent.
template <class T>
Kind<std::optional<T>> maybe(Kind<T> kind) {
  Kind<std::optional<T>> made;
  made.read = [kind](Reader& reader, const Value& value, std::optional<T>& to) {
    T read = to.value_or(T{});
    if (!kind.read(reader, value, read)) return false;
    to = std::move(read);
    return true;
  };
  made.show = [kind](const std::optional<T>& value) { return value ? kind.show(*value) : std::nullopt; };
  made.schema = kind.schema;
  made.secret = kind.secret;
  made.names_itself = kind.names_itself;
  return made;
}

// A list; every item that is wrong is said.
template <class T>
Kind<std::vector<T>> list(Kind<T> item, std::string what) {
  Kind<std::vector<T>> made;
  made.read = [item, what](Reader& reader, const Value& value, std::vector<T>& to) {
    if (!value.array()) return reader.expected("a list of " + what, value);
    std::vector<T> read;
    bool good = true;
    for (const Value& element : *value.array()) {
      good = item.read(reader, element, read.emplace_back()) && good;
    }
    if (good) to = std::move(read);
    return good;
  };
  made.show = [item](const std::vector<T>& values) {
    Value::Array shown;
    for (const T& value : values) {
      if (auto element = item.show(value)) shown.push_back(*std::move(element));
    }
    return std::optional<Value>(std::move(shown));
  };
  made.schema = [item] { return detail::list_schema(item.schema()); };
  return made;
}

}  // namespace tandem::config
