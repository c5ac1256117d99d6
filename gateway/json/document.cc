#include "gateway/json/document.h"

#include <algorithm>
#include <limits>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "gateway/json/text.h"

namespace tandem::json {
namespace {

using simdjson::ondemand::json_type;

constexpr std::string_view kNotJson = "it is not JSON";
constexpr std::string_view kTooDeep = "it is nested too deeply";
constexpr std::string_view kTwice = "a name stands twice in an object";
constexpr std::string_view kBlanks = " \t\n\r";
constexpr std::size_t kFewNames = 12;              // compared with each other; more are sorted
constexpr std::size_t kKeptCapacity = 256 * 1024;  // of a parser that is used again
constexpr std::size_t kMostText = std::numeric_limits<std::uint32_t>::max() - simdjson::SIMDJSON_PADDING;

std::string_view trimmed(std::string_view token) {
  const std::size_t last = token.find_last_not_of(kBlanks);
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool is_string(std::string_view token) { return token.size() >= 2 && token.front() == '"' && token.back() == '"'; }

}  // namespace

// One walk over the library's tokens. What is wrong is remembered once.
class DocumentReader {
 public:
  explicit DocumentReader(Document& document) : document_(document), text_(document.text_) {}

  std::string_view run() {
    static thread_local simdjson::ondemand::parser kept;
    simdjson::ondemand::parser once;
    simdjson::ondemand::parser& parser = text_.size() > kKeptCapacity ? once : kept;
    document_.text_.reserve(text_.size() + simdjson::SIMDJSON_PADDING);
    text_ = document_.text_;
    const simdjson::padded_string_view padded(text_.data(), text_.size(), text_.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document root;
    if (text_.empty() || parser.iterate(padded).get(root) != simdjson::SUCCESS) return kNotJson;
    document_.nodes_.reserve(text_.size() / 16 + 1);
    if (!read(root, 0)) return wrong_;
    const Document::Item& whole = document_.nodes_.front();
    if (text_.find_first_not_of(kBlanks, whole.end) != std::string_view::npos) return "something stands behind its end";
    document_.compact_ = tokens_ == whole.end - whole.begin;
    return {};
  }

 private:
  bool refuse(std::string_view why) {
    wrong_ = why;
    return false;
  }
  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - text_.data()); }

  // `V` is a document or a value within one: they have the same functions.
  template <class V>
  bool read(V& from, std::size_t depth) {
    json_type type{};
    if (from.type().get(type) != simdjson::SUCCESS) return refuse(kNotJson);
    std::string_view token;
    simdjson::simdjson_result<std::string_view> raw = from.raw_json_token();
    if (std::move(raw).get(token) != simdjson::SUCCESS) return refuse(kNotJson);
    const auto node = static_cast<Document::Node>(document_.nodes_.size());
    document_.nodes_.emplace_back().begin = offset(token.data());
    if (type == json_type::array || type == json_type::object) {
      if (depth == Document::kMostDepth) return refuse(kTooDeep);
      if (!(type == json_type::array ? read_array(from, node, depth) : read_object(from, node, depth))) return false;
    } else if (!read_scalar(type, trimmed(token), node)) {
      return false;
    } else if (type == json_type::string) {
      // What is not taken is skipped, and a string before a colon with all that follows: the library thinks it a name.
      simdjson::ondemand::raw_json_string taken;
      if (from.get_raw_json_string().get(taken) != simdjson::SUCCESS) return refuse(kNotJson);
    }
    document_.nodes_[node].behind = static_cast<Document::Node>(document_.nodes_.size());
    return true;
  }

  bool read_scalar(json_type type, std::string_view token, Document::Node node) {
    Document::Kind kind = Document::Kind::null;
    bool sound = token == "null";
    if (type == json_type::string) {
      kind = Document::Kind::string;
      sound = is_string(token) && has_sound_escapes(token);
    } else if (type == json_type::number) {
      kind = Document::Kind::number;
      sound = is_number(token);
    } else if (type == json_type::boolean) {
      kind = Document::Kind::boolean;
      sound = token == "true" || token == "false";
    }
    if (!sound) return refuse(kNotJson);
    Document::Item& item = document_.nodes_[node];
    item.kind = kind;
    item.end = item.begin + static_cast<std::uint32_t>(token.size());
    tokens_ += token.size();
    return true;
  }

  template <class V>
  bool read_array(V& from, Document::Node node, std::size_t depth) {
    simdjson::ondemand::array array;
    if (from.get_array().get(array) != simdjson::SUCCESS) return refuse(kNotJson);
    Document::Node last = node;
    for (auto element : array) {
      simdjson::ondemand::value item;
      if (element.get(item) != simdjson::SUCCESS) return refuse(kNotJson);
      if (last != node) ++tokens_;  // the comma
      last = static_cast<Document::Node>(document_.nodes_.size());
      if (!read(item, depth + 1)) return false;
    }
    return close(node, last, Document::Kind::array, ']');
  }

  template <class V>
  bool read_object(V& from, Document::Node node, std::size_t depth) {
    simdjson::ondemand::object object;
    if (from.get_object().get(object) != simdjson::SUCCESS) return refuse(kNotJson);
    Document::Node last = node;
    std::size_t members = 0;
    bool escapes = false;
    for (auto member : object) {
      simdjson::ondemand::field field;
      if (std::move(member).get(field) != simdjson::SUCCESS) return refuse(kNotJson);
      const std::string_view key = key_of(field);
      if (key.empty()) return false;
      escapes = escapes || key.contains('\\');
      tokens_ += key.size() + (members++ > 0 ? 2 : 1);  // with the colon, and the comma before it
      last = static_cast<Document::Node>(document_.nodes_.size());
      simdjson::ondemand::value& value = field.value();
      if (!read(value, depth + 1)) return false;
      Document::Item& item = document_.nodes_[last];
      item.key_begin = offset(key.data());
      item.key_end = item.key_begin + static_cast<std::uint32_t>(key.size());
    }
    if (!close(node, last, Document::Kind::object, '}')) return false;
    return has_name_twice(node, members, escapes) ? refuse(kTwice) : true;
  }

  // With its quotes; empty where it is none, which has been said.
  std::string_view key_of(simdjson::ondemand::field& field) {
    const char* const begin = field.key().raw();
    const char* const end = text_.data() + text_.size();
    const char* at = begin;
    bool escapes = false;
    for (; at != end && *at != '"'; ++at) {
      if (*at != '\\') continue;
      escapes = true;
      if (++at == end) break;
    }
    if (at == end) {
      refuse(kNotJson);
      return {};
    }
    const std::string_view quoted(begin - 1, static_cast<std::size_t>(at - begin) + 2);
    if (escapes && !has_sound_escapes(quoted)) {
      refuse(kNotJson);
      return {};
    }
    if (escapes && !decode_string(quoted)) {
      refuse("a name in it holds half a character");
      return {};
    }
    return quoted;
  }

  // The library has seen the bracket that ends `node`, whose last child is `last`; here is looked where it stands.
  bool close(Document::Node node, Document::Node last, Document::Kind kind, char bracket) {
    const std::uint32_t from = last == node ? document_.nodes_[node].begin + 1 : document_.nodes_[last].end;
    const std::size_t at = text_.find_first_not_of(kBlanks, from);
    if (at == std::string_view::npos || text_[at] != bracket) return refuse(kNotJson);
    Document::Item& item = document_.nodes_[node];
    item.kind = kind;
    item.end = static_cast<std::uint32_t>(at) + 1;
    item.behind = static_cast<Document::Node>(document_.nodes_.size());
    tokens_ += 2;
    return true;
  }

  bool has_name_twice(Document::Node object, std::size_t members, bool escapes) const {
    const auto each = [&](auto visit) {
      for (auto c = Document::first(object); c != document_.behind(object); c = document_.behind(c)) visit(c);
    };
    if (members <= kFewNames) {
      bool twice = false;
      each([&](Document::Node one) {
        for (auto c = Document::first(object); c != one; c = document_.behind(c)) {
          twice = twice || same_string(document_.key(c), document_.key(one));
        }
      });
      return twice;
    }
    std::vector<std::string> decoded;
    std::vector<std::string_view> names;
    names.reserve(members);
    if (escapes) decoded.reserve(members);
    each([&](Document::Node one) {
      const std::string_view key = document_.key(one);
      names.push_back(escapes ? decoded.emplace_back(decode_string(key).value_or("")) : key);
    });
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
  }

  Document& document_;
  std::string_view text_;
  std::string_view wrong_ = kNotJson;
  std::size_t tokens_ = 0;  // bytes of all of them
};

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::expected<Document, std::string_view> Document::parse(std::string text) {
  if (text.size() > kMostText) return std::unexpected("it is too long");
  Document document;
  document.text_ = std::move(text);
  const std::string_view wrong = DocumentReader(document).run();
  if (!wrong.empty()) return std::unexpected(wrong);
  return document;
}

std::optional<Document::Node> Document::member(Node object, std::string_view name) const {
  if (!is(object, Kind::object)) return std::nullopt;
  for (Node c = first(object); c != behind(object); c = behind(c)) {
    if (says(key(c), name)) return c;
  }
  return std::nullopt;
}

std::optional<Document::Node> Document::element(Node array, std::size_t index) const {
  if (!is(array, Kind::array)) return std::nullopt;
  for (Node c = first(array); c != behind(array); c = behind(c)) {
    if (index-- == 0) return c;
  }
  return std::nullopt;
}

std::optional<std::string> Document::text(Node node) const {
  switch (kind(node)) {
    case Kind::string: return decode_string(raw(node));
    case Kind::number:
    case Kind::boolean: return std::string(raw(node));
    case Kind::null:
    case Kind::array:
    case Kind::object: break;
  }
  return std::nullopt;
}

}  // namespace tandem::json
