#include "common/json/parse.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#define SIMDJSON_EXCEPTIONS 0
#include <fmt/format.h>
#include <simdjson.h>

namespace tandem::json {
namespace {

using simdjson::ondemand::json_type;
using Failure = std::unexpected<std::string_view>;

constexpr std::string_view kNotJson = "it is not JSON";

// The library takes half a surrogate pair for a character: what it gives is no UTF-8 then.
std::expected<std::string, std::string_view> text_of(simdjson::simdjson_result<std::string_view> read) {
  std::string_view text;
  if (std::move(read).get(text) != simdjson::SUCCESS) return Failure("a string in it is malformed");
  if (!simdjson::validate_utf8(text.data(), text.size())) return Failure("a string in it holds half a character");
  return std::string(text);
}

// `V` is a document or a value within one: they have the same functions.
class Walk {
 public:
  template <class V>
  std::expected<Value, std::string_view> read(V& from, std::size_t depth) {
    json_type type{};
    if (from.type().get(type) != simdjson::SUCCESS) return Failure(kNotJson);
    switch (type) {
      case json_type::array: return depth == kMaxDepth ? Failure("it is nested too deeply") : read_array(from, depth);
      case json_type::object: return depth == kMaxDepth ? Failure("it is nested too deeply") : read_object(from, depth);
      case json_type::string: {
        auto text = text_of(from.get_string());
        if (!text) return Failure(text.error());
        return Value::string(*std::move(text));
      }
      case json_type::number: return read_number(from);
      case json_type::boolean: {
        bool truth = false;
        if (from.get_bool().get(truth) != simdjson::SUCCESS) return Failure(kNotJson);
        return Value::boolean(truth);
      }
      case json_type::null: break;
    }
    return is_null(from) ? std::expected<Value, std::string_view>(Value()) : Failure(kNotJson);
  }

 private:
  template <class V>
  static bool is_null(V& from) {
    simdjson::simdjson_result<bool> null = from.is_null();
    bool truth = false;
    return std::move(null).get(truth) == simdjson::SUCCESS && truth;
  }

  template <class V>
  static std::expected<Value, std::string_view> read_number(V& from) {
    std::string_view text;
    simdjson::simdjson_result<std::string_view> raw = from.raw_json_token();
    if (std::move(raw).get(text) != simdjson::SUCCESS) return Failure(kNotJson);
    double number = 0;
    if (from.get_double().get(number) != simdjson::SUCCESS) return Failure("a number in it is malformed or too large");
    text = text.substr(0, text.find_first_not_of("0123456789+-.eE"));
    return Value::number(std::string(text), number);
  }

  template <class V>
  std::expected<Value, std::string_view> read_array(V& from, std::size_t depth) {
    simdjson::ondemand::array array;
    if (from.get_array().get(array) != simdjson::SUCCESS) return Failure(kNotJson);
    std::vector<Value> items;
    for (auto element : array) {
      simdjson::ondemand::value item;
      if (element.get(item) != simdjson::SUCCESS) return Failure(kNotJson);
      auto read_item = read(item, depth + 1);
      if (!read_item) return read_item;
      items.push_back(*std::move(read_item));
    }
    return Value::array(std::move(items));
  }

  template <class V>
  std::expected<Value, std::string_view> read_object(V& from, std::size_t depth) {
    simdjson::ondemand::object object;
    if (from.get_object().get(object) != simdjson::SUCCESS) return Failure(kNotJson);
    Value made = Value::object();
    std::set<std::string, std::less<>> names;  // ordered: names cannot be chosen to collide
    for (auto member : object) {
      simdjson::ondemand::field field;
      if (std::move(member).get(field) != simdjson::SUCCESS) return Failure(kNotJson);
      auto name = text_of(field.unescaped_key());
      if (!name) return Failure(name.error());
      if (!names.insert(*name).second) return Failure("a member stands in it twice");
      auto value = read(field.value(), depth + 1);
      if (!value) return value;
      made.add(*std::move(name), *std::move(value));
    }
    return made;
  }
};

}  // namespace

std::expected<Value, std::string_view> parse(std::string_view text) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  simdjson::ondemand::document document;
  if (text.empty() || parser.iterate(padded).get(document) != simdjson::SUCCESS) return Failure(kNotJson);
  auto value = Walk().read(document, 0);
  const char* behind = nullptr;
  if (value && document.current_location().get(behind) == simdjson::SUCCESS) {
    return Failure("something stands behind its end");
  }
  return value;
}

std::string parser_version() {
  return fmt::format("{}.{}.{}", int{simdjson::SIMDJSON_VERSION_MAJOR}, int{simdjson::SIMDJSON_VERSION_MINOR},
                     int{simdjson::SIMDJSON_VERSION_REVISION});
}

}  // namespace tandem::json
