#include "gateway/json/path.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tandem::json {
namespace {

constexpr std::size_t kMostSteps = Document::kMostDepth;

std::unexpected<PathError> wrong(std::size_t offset, std::string text) {
  return std::unexpected(PathError{offset, std::move(text)});
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The name that begins at `at`, which moves behind it; empty where there is none.
std::string take_name(std::string_view text, std::size_t& at) {
  std::string name;
  for (; at < text.size() && !std::string_view(".[]").contains(text[at]) && !is_control(text[at]); ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && !is_control(text[at + 1])) ++at;
    name += text[at];
  }
  return name;
}

std::optional<std::size_t> array_index(std::string_view name) {
  if (name.empty() || (name.size() > 1 && name.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(index) : std::nullopt;
}

}  // namespace

std::expected<Path, PathError> parse_path(std::string_view text) {
  if (text.empty()) return wrong(0, "a path such as \"address.city\" is expected");
  Path path;
  std::size_t at = 0;
  while (at < text.size()) {
    if (path.size() == kMostSteps) return wrong(at, "the path is too long");
    if (text.substr(at).starts_with("[]")) {
      path.push_back({true, {}});
      at += 2;
      if (at == text.size() || text[at] == '[') continue;
      if (text[at] != '.') return wrong(at, "behind \"[]\" a dot follows");
      ++at;
    } else {
      const std::size_t begin = at;
      std::string name = take_name(text, at);
      if (at < text.size() && (text[at] == ']' || is_control(text[at]))) return wrong(at, "this is part of no name");
      if (at < text.size() && text[at] == '[' && !text.substr(at).starts_with("[]")) {
        return wrong(at, "\"[]\" stands for each element; an element by its number is written \".0\"");
      }
      if (name.empty()) return wrong(begin, "a name is missing here");
      path.push_back({false, std::move(name)});
      if (at == text.size() || text[at] == '[') continue;
      ++at;
    }
    if (at == text.size() || text[at] == '.' || text[at] == '[') return wrong(at, "a name is missing here");
  }
  return path;
}

std::string to_text(std::span<const Step> path) {
  std::string text;
  for (const Step& step : path) {
    if (step.elements) {
      text += "[]";
      continue;
    }
    if (!text.empty()) text += '.';
    for (const char c : step.name) {
      if (std::string_view(".[]\\").contains(c)) text += '\\';
      text += c;
    }
  }
  return text;
}

std::expected<std::vector<std::string>, PathError> parse_pointer(std::string_view text) {
  std::vector<std::string> names;
  if (!text.empty() && text.front() != '/') return wrong(0, "a JSON Pointer begins with \"/\": \"/data/items\"");
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (names.size() == kMostSteps) return wrong(at, "the pointer is too long");
    std::string& name = names.emplace_back();
    for (; at + 1 < text.size() && text[at + 1] != '/'; ++at) {
      const char c = text[at + 1];
      if (c != '~') {
        name += c;
        continue;
      }
      const char escaped = at + 2 < text.size() ? text[at + 2] : '\0';
      if (escaped != '0' && escaped != '1') return wrong(at + 1, "\"~\" is written \"~0\", and \"/\" \"~1\"");
      name += escaped == '0' ? '~' : '/';
      ++at;
    }
  }
  return names;
}

std::optional<Document::Node> step_into(const Document& document, Document::Node from, std::string_view name) {
  if (document.is(from, Document::Kind::object)) return document.member(from, name);
  const auto index = array_index(name);
  return index ? document.element(from, *index) : std::nullopt;
}

std::optional<Document::Node> follow(const Document& document, Document::Node from,
                                     std::span<const std::string> pointer) {
  std::optional<Document::Node> at = from;
  for (const std::string& name : pointer) {
    if (at) at = step_into(document, *at, name);
  }
  return at;
}

}  // namespace tandem::json
