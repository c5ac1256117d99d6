#include "common/json/value.h"

#include <algorithm>
#include <utility>

#include "common/base/escape.h"

namespace tandem::json {
namespace {

void append(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null: out += "null"; return;
    case Value::Kind::boolean: out += *value.truth() ? "true" : "false"; return;
    case Value::Kind::number: out += *value.text(); return;
    case Value::Kind::string: append_json_string(out, *value.string()); return;
    case Value::Kind::array:
    case Value::Kind::object: break;
  }
  const bool object = value.is(Value::Kind::object);
  out += object ? '{' : '[';
  for (std::size_t i = 0; i < value.values().size(); ++i) {
    if (i > 0) out += ',';
    if (object) {
      append_json_string(out, value.names()[i]);
      out += ':';
    }
    append(out, value.values()[i]);
  }
  out += object ? '}' : ']';
}

}  // namespace

Value Value::boolean(bool truth) {
  Value made;
  made.kind_ = Kind::boolean;
  made.number_ = truth ? 1 : 0;
  return made;
}

Value Value::number(std::string text, double value) {
  Value made;
  made.kind_ = Kind::number;
  made.number_ = value;
  made.text_ = std::move(text);
  return made;
}

Value Value::string(std::string text) {
  Value made;
  made.kind_ = Kind::string;
  made.text_ = std::move(text);
  return made;
}

Value Value::array(std::vector<Value> items) {
  Value made;
  made.kind_ = Kind::array;
  made.items_ = std::move(items);
  return made;
}

Value Value::strings(const std::vector<std::string>& texts) {
  std::vector<Value> items;
  for (const std::string& text : texts) items.push_back(string(text));
  return array(std::move(items));
}

Value Value::object() {
  Value made;
  made.kind_ = Kind::object;
  return made;
}

Value& Value::add(std::string name, Value value) {
  names_.push_back(std::move(name));
  items_.push_back(std::move(value));
  return *this;
}

const Value* Value::find(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  return found == names_.end() ? nullptr : &items_[static_cast<std::size_t>(found - names_.begin())];
}

const std::string* Value::string_at(std::string_view name) const {
  const Value* member = find(name);
  return member ? member->string() : nullptr;
}

std::string Value::to_text() const {
  std::string out;
  append(out, *this);
  return out;
}

}  // namespace tandem::json
