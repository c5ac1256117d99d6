// Writes one JSON text (RFC 8259) into a string, front to back: status pages, problem answers, log lines. The string
// belongs to the caller and must outlive the writer; nothing is gathered in between. Commas are the writer's business,
// matching of begin and end the caller's. Foreign text is made harmless (escape.h).
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/escape.h"

namespace tandem {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);  // one value, object or array must follow

  JsonWriter& value(std::string_view text, std::size_t cap = kNoCap);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(double number);  // null when it is not finite: JSON has no such numbers
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    if constexpr (std::signed_integral<T>) return signed_value(number);
    return unsigned_value(static_cast<std::uint64_t>(number));
  }
  JsonWriter& milliseconds(Duration time);  // a number with three decimals at most: 12.345
  JsonWriter& null();

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  // null where there is nothing: an empty text, no time.
  JsonWriter& member_or_null(std::string_view name, std::string_view text) {
    return text.empty() ? key(name).null() : key(name).value(text);
  }
  JsonWriter& member_or_null(std::string_view name, const std::optional<Duration>& time) {
    return time ? key(name).milliseconds(*time) : key(name).null();
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  JsonWriter& signed_value(std::int64_t number);
  JsonWriter& unsigned_value(std::uint64_t number);

  std::string& out_;
  bool comma_ = false;  // something stands before the next key or value in the same object or array
};

// Appends a duration as JsonWriter::milliseconds shows it: whole microseconds, without trailing zeros.
void append_milliseconds(std::string& out, Duration time);
char* write_milliseconds(char* at, Duration time);  // at most 24 bytes; gives their end
void append_number(std::string& out, std::uint64_t number);

}  // namespace tandem
