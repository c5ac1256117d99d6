#include "gateway/handlers/aggregate/reference.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/json/document.h"
#include "gateway/json/text.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kLongestSeparator = 16;

std::unexpected<ReferenceMistake> wrong(std::size_t offset, std::string what) {
  return std::unexpected(ReferenceMistake{offset, std::move(what)});
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// What may stand between values without changing what the rest of a URL means.
bool is_separator(std::string_view text) {
  static constexpr std::string_view kAllowed = "-._~!$'()*+,;=:@&|";
  return !text.empty() && text.size() <= kLongestSeparator && std::ranges::all_of(text, [](char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kAllowed.contains(c);
  });
}

}  // namespace

std::expected<Reference, ReferenceMistake> parse_reference(std::string_view text,
                                                           const routing::MatchPattern& pattern) {
  Reference made;
  if (const auto param = pattern.param_index(text)) {
    made.kind = Reference::Kind::param;
    made.index = *param;
    made.name = text;
    return made;
  }
  if (text == "each" || text.starts_with("each:")) {
    made.kind = text == "each" ? Reference::Kind::each : Reference::Kind::joined;
    if (text == "each") return made;
    made.separator = text.substr(5);
    if (is_separator(made.separator)) return made;
    return wrong(5, "what stands between the values is missing or could end their place; write {each:,}");
  }
  const auto path = json::parse_path(text);
  if (!path) return wrong(path.error().offset, fmt::format("{{{}}}: {}", text, path.error().text));
  const auto elements = std::ranges::find_if(*path, &json::Step::elements);
  if (elements != path->end()) {
    return wrong(0, fmt::format("{{{}}} stands for many values; `each` goes through them one by one", text));
  }
  made.name = path->front().name;
  made.path.assign(path->begin() + 1, path->end());
  return made;
}

// Outside of strings a brace that a letter follows is no JSON: there a reference begins.
std::expected<BodyTemplate, ReferenceMistake> BodyTemplate::parse(std::string_view text,
                                                                  const routing::MatchPattern& pattern) {
  BodyTemplate made;
  std::string literal;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (in_string && (c == '{' || c == '}') && next == c) {
      literal += c;
      ++at;
      continue;
    }
    if (c == '{' && (is_lower(next) || (in_string && next != '\0'))) {
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos) return wrong(at, "\"{\" has no \"}\"");
      auto reference = parse_reference(text.substr(at + 1, close - at - 1), pattern);
      if (!reference) return wrong(at + 1 + reference.error().offset, std::move(reference.error().what));
      made.pieces_.push_back({std::exchange(literal, {}), in_string, true});
      made.references_.push_back({*std::move(reference), at + 1});
      at = close;
      continue;
    }
    if (c == '"') in_string = !in_string;
    literal += c;
    if (in_string && c == '\\' && next != '\0') {
      literal += next;
      ++at;
    }
  }
  made.pieces_.push_back({std::move(literal), false, false});
  // Where a number may stand and a string too, any value may.
  for (const char* sample : {"0", "\"x\""}) {
    const std::vector<ReferenceValue> values(made.references_.size(), {"x", sample});
    if (const auto document = json::Document::parse(made.render(values)); !document) {
      return wrong(0, fmt::format("the body is no JSON text: {}", document.error()));
    }
  }
  return made;
}

std::string BodyTemplate::render(std::span<const ReferenceValue> values) const {
  std::string out;
  std::size_t next = 0;
  for (const Piece& piece : pieces_) {
    out += piece.literal;
    if (!piece.is_reference) continue;
    const ReferenceValue& value = values[next++];
    if (piece.in_string) {
      const std::string quoted = json::quote(value.text);
      out += std::string_view(quoted).substr(1, quoted.size() - 2);
    } else {
      out += value.json;
    }
  }
  return out;
}

}  // namespace tandem::gateway
