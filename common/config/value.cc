#include "common/config/value.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tandem::config {

Value::Value() : data_(Table()) {}
Value::~Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::Value(std::string text) : data_(std::move(text)) {}
Value::Value(std::string_view text) : data_(std::string(text)) {}
Value::Value(const char* text) : data_(std::string(text)) {}
Value::Value(std::int64_t number) : data_(number) {}
Value::Value(int number) : data_(std::int64_t{number}) {}
Value::Value(double number) : data_(number) {}
Value::Value(bool truth) : data_(truth) {}
Value::Value(Date date) : data_(date) {}
Value::Value(Array array) : data_(std::move(array)) {}
Value::Value(Table table) : data_(std::move(table)) {}

std::string_view Value::type_name() const {
  static constexpr std::array<std::string_view, 7> kNames = {"a string", "an integer", "a fraction", "true or false",
                                                             "a date",   "a list",     "a table"};
  return kNames[data_.index()];
}

const Value* Value::find(std::string_view key) const {
  const Table* members = table();
  if (!members) return nullptr;
  const auto found = std::ranges::find(*members, key, &Member::key);
  return found == members->end() ? nullptr : &found->value;
}

Value& Value::set(std::string_view key, Value value) {
  table()->push_back(Member{std::string(key), std::move(value), {}});
  return *this;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string out = "\"";
  const bool cut = text.size() > kShown;
  if (cut) {
    std::size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
    text = text.substr(0, end);
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + (cut ? "…\"" : "\"");
}

}  // namespace tandem::config
