#include "common/base/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

namespace tandem {

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text, std::size_t cap) {
  separate();
  append_json_string(out_, text, cap);
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  separate();
  out_ += truth ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

JsonWriter& JsonWriter::signed_value(std::int64_t number) {
  if (number >= 0) return unsigned_value(static_cast<std::uint64_t>(number));
  separate();
  out_ += '-';
  append_number(out_, ~static_cast<std::uint64_t>(number) + 1);
  return *this;
}

JsonWriter& JsonWriter::unsigned_value(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::milliseconds(Duration time) {
  separate();
  append_milliseconds(out_, time);
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));  // the range overload replaces, which costs thrice
}

char* write_milliseconds(char* at, Duration time) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const auto micros = count > 0 ? static_cast<std::uint64_t>(count) : 0;
  at = std::to_chars(at, at + 20, micros / 1000).ptr;
  const unsigned rest = static_cast<unsigned>(micros % 1000);
  if (rest == 0) return at;
  const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10)};
  std::memcpy(at, digits, sizeof digits);
  return at + (rest % 10 ? 4 : rest % 100 ? 3 : 2);
}

void append_milliseconds(std::string& out, Duration time) {
  char digits[24];
  out.append(digits, static_cast<std::size_t>(write_milliseconds(digits, time) - digits));
}

}  // namespace tandem
