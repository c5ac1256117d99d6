#include "common/config/parse.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace tandem::config {
namespace {

Place place_of(const toml::source_region& region, std::uint32_t file) {
  return {file, region.begin.line, region.begin.column};
}

// The library's tables are sorted by key; ours stand in the order of the file.
Value convert(const toml::node& node, std::uint32_t file) {
  Value value;
  if (const auto* table = node.as_table()) {
    Value::Table members;
    for (const auto& [key, item] : *table) {
      members.push_back({std::string(key.str()), convert(item, file), place_of(key.source(), file)});
    }
    std::ranges::sort(members, {}, &Member::place);
    value = Value(std::move(members));
  } else if (const auto* array = node.as_array()) {
    Value::Array items;
    for (const auto& item : *array) items.push_back(convert(item, file));
    value = Value(std::move(items));
  } else if (const auto* text = node.as_string()) {
    value = Value(text->get());
  } else if (const auto* integer = node.as_integer()) {
    value = Value(std::int64_t{integer->get()});
  } else if (const auto* real = node.as_floating_point()) {
    value = Value(real->get());
  } else if (const auto* boolean = node.as_boolean()) {
    value = Value(boolean->get());
  } else {
    value = Value(Value::Date{});
  }
  value.place = place_of(node.source(), file);
  return value;
}

// Tables within tables by dotted keys are not counted by the library's limit on nesting, and destroying them recurses:
// a megabyte of "a.a.a." would overflow the stack. Gives the place of the first key or number with too many dots; what
// stands in strings and comments does not count.
std::optional<Place> too_many_dots(std::string_view text, std::uint32_t file) {
  constexpr int kMostDots = 16;
  Place place{file, 1, 0};
  int dots = 0;
  std::string_view string_end;  // empty: not within a string
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++place.column;
    const bool line_ends = c == '\n';
    if (!string_end.empty()) {
      if (c == '\\' && string_end[0] == '"') {
        ++i, ++place.column;
        if (i < text.size() && text[i] == '\n') ++place.line, place.column = 0;
        continue;
      }
      if (text.substr(i).starts_with(string_end)) {
        i += string_end.size() - 1;
        string_end = {};
      } else if (line_ends && string_end.size() == 1) {
        string_end = {};  // not closed: the parser will say so
      }
    } else if (c == '"' || c == '\'') {
      const std::string_view thrice = c == '"' ? "\"\"\"" : "'''";
      const bool multi_line = text.substr(i).starts_with(thrice);
      string_end = multi_line ? thrice : thrice.substr(0, 1);
      if (multi_line) i += 2;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots > kMostDots) return place;
    } else if (line_ends || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') {
      dots = 0;
    }
    if (line_ends) ++place.line, place.column = 0;
  }
  return std::nullopt;
}

// What people most often mean when the parser stumbles there.
std::string_view hint_for(std::string_view description, bool at_line_end) {
  const auto says = [&](std::string_view words) { return description.find(words) != description.npos; };
  if (says("dangling comma")) return "an inline table has no comma before its closing brace";
  if (says("inline table") && says("saw '\\n'")) {
    return "an inline table stands on one line; a longer one is written as a [section] of its own";
  }
  if (says("cannot redefine existing table")) return "a table is opened once; write all its keys in one place";
  if (says("cannot redefine existing array"))
    return "what is a list of tables is opened with [[two brackets]] each time";
  if (says("cannot redefine")) return "a key is given once";
  if (says("control characters other than TAB") && at_line_end)
    return "a string ends on its own line with the quote it began with";
  if (says("could not determine value type") || says("expected digit") || says("expected 'true'") ||
      says("expected 'false'")) {
    return "texts, durations, sizes and addresses stand in quotes";
  }
  return {};
}

std::string explain(std::string_view description, bool at_line_end) {
  constexpr std::string_view kOpening = "Error while parsing ";
  if (description.starts_with(kOpening)) description.remove_prefix(kOpening.size());
  std::string text;
  for (const char c : description.substr(0, 300)) {
    if (c == '\n') {
      text += "\\n";
    } else {
      text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  const std::string_view hint = hint_for(text, at_line_end);
  return hint.empty() ? text : fmt::format("{}; {}", text, hint);
}

}  // namespace

std::optional<Value> parse_toml(std::uint32_t file, Diagnostics& diagnostics) {
  const std::string_view text = diagnostics.file_text(file);
  if (const auto place = too_many_dots(text, file)) {
    diagnostics.error(*place, "nested too deeply");
    return std::nullopt;
  }
  try {
    return convert(toml::parse(text), file);
  } catch (const toml::parse_error& error) {
    const Place place = place_of(error.source(), file);
    const auto characters =
        std::ranges::count_if(diagnostics.line_text(place), [](char c) { return (c & 0xc0) != 0x80; });
    const bool at_line_end = place.column > static_cast<std::size_t>(characters);
    diagnostics.error(place, diagnostics.hides(place) ? "not valid TOML" : explain(error.description(), at_line_end));
  } catch (const std::exception& error) {
    diagnostics.error({file, 0, 0}, fmt::format("cannot be read: {}", error.what()));
  }
  return std::nullopt;
}

std::string toml_library_version() { return fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH); }

}  // namespace tandem::config
