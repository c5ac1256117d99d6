// A value of a configuration file with its place, free of the TOML library: what parsing gives, what sections read, and
// what dump and schema are written from. A tree owned by whoever holds its root.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/config/place.h"

namespace tandem::config {

struct Member;

class Value {
 public:
  struct Date {};  // TOML has them, no key of ours does
  using Array = std::vector<Value>;
  using Table = std::vector<Member>;  // in the order of the file

  Value();  // an empty table
  ~Value();
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(std::int64_t number);
  Value(int number);
  Value(double number);
  Value(bool truth);
  Value(Date date);
  Value(Array array);
  Value(Table table);

  // Nothing where the value is of another type.
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  const double* real() const { return std::get_if<double>(&data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Table* table() const { return std::get_if<Table>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Table* table() { return std::get_if<Table>(&data_); }

  std::string_view type_name() const;  // as people say it: "a string", "an integer", …

  // The member of a table with this key; nothing where there is none or this is no table.
  const Value* find(std::string_view key) const;
  // Appends to a table: for trees built by hand. The key must be new.
  Value& set(std::string_view key, Value value);

  Place place;
  bool from_outside = false;  // taken from the environment or a file, so text stands for every scalar type

 private:
  std::variant<std::string, std::int64_t, double, bool, Date, Array, Table> data_;
};

struct Member {
  std::string key;
  Value value;
  Place place;  // of the key
};

// `text` in double quotes for a message: what could harm a terminal or a log is escaped, what is long is cut.
std::string quoted(std::string_view text);

std::string to_toml(const Value& root);  // a whole file: sections for the tables of the root, one line a value
std::string to_json(const Value& root);  // indented

}  // namespace tandem::config
