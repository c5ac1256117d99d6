#include "gateway/cache/selection.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::cache {

std::string selected_value(const http::Fields& request, std::string_view name) {
  std::string value;
  const bool list = name.starts_with("accept");
  const bool any_case = name == "accept-encoding";
  for (const http::Field& field : request) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    if (value.empty()) value = "=";  // there, though it may be empty
    if (!list) {
      value.append(field.value).append(",");
      continue;
    }
    http::for_each_element(field.value, [&](std::string_view element) {
      for (const char c : element) value += any_case ? http::to_lower(c) : c;
      value += ',';
    });
  }
  return value;
}

std::optional<Selection> selection_of(const http::Fields& answer, const http::Fields& request) {
  Selection selection;
  if (!answer.has(http::FieldId::vary)) return selection;
  bool sound = true;
  for (const http::Field& field : answer) {
    if (field.id != http::FieldId::vary) continue;
    http::for_each_element(field.value, [&](std::string_view element) {
      sound = sound && element != "*" && http::is_token(element) && selection.parts.size() < kMostVaryNames;
      if (!sound) return;
      std::string name(element);
      std::ranges::transform(name, name.begin(), http::to_lower);
      if (std::ranges::find(selection.parts, name, &Selection::Part::name) != selection.parts.end()) return;
      std::string value = selected_value(request, name);
      selection.parts.push_back({std::move(name), std::move(value)});
    });
  }
  if (!sound) return std::nullopt;
  return selection;
}

bool selects(const Selection& selection, const http::Fields& request) {
  return std::ranges::all_of(
      selection.parts, [&](const Selection::Part& part) { return selected_value(request, part.name) == part.value; });
}

}  // namespace tandem::cache
