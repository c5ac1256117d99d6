// A JSON text as a tree of values that owns its texts: claims of a token, keys of an issuer. Numbers keep the text that
// they were written with. Immutable once it is made; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::json {

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Value() = default;  // null
  static Value boolean(bool truth);
  static Value number(std::string text, double value);
  static Value string(std::string text);
  static Value array(std::vector<Value> items);
  static Value strings(const std::vector<std::string>& texts);  // an array of them
  static Value object();
  Value& add(std::string name, Value value);  // of an object; the name must be new

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  std::optional<bool> truth() const { return is(Kind::boolean) ? std::optional(number_ != 0) : std::nullopt; }
  std::optional<double> number() const { return is(Kind::number) ? std::optional(number_) : std::nullopt; }
  // Of a string its content, of a number its text as it was written; null for all else.
  const std::string* text() const { return is(Kind::string) || is(Kind::number) ? &text_ : nullptr; }
  const std::string* string() const { return is(Kind::string) ? &text_ : nullptr; }
  const std::vector<Value>* array() const { return is(Kind::array) ? &items_ : nullptr; }

  // Members of an object in the order of the text; names()[i] belongs to values()[i].
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Value>& values() const { return items_; }
  const Value* find(std::string_view name) const;             // null where there is none, or where this is no object
  const std::string* string_at(std::string_view name) const;  // of the member of that name, if it is a string

  std::string to_text() const;  // as JSON again, on one line

 private:
  Kind kind_ = Kind::null;
  double number_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<std::string> names_;
};

}  // namespace tandem::json
