#include "gateway/identity.h"

namespace tandem::gateway {

std::optional<std::string> Identity::claim(std::string_view name) const {
  const json::Value* found = claims.find(name);
  if (!found) return std::nullopt;
  if (const std::string* text = found->text()) return *text;
  if (const auto truth = found->truth()) return *truth ? "true" : "false";
  return std::nullopt;
}

std::string Identity::groups_text() const {
  std::string text;
  for (const std::string& group : groups) text.append(text.empty() ? "" : ",").append(group);
  return text;
}

}  // namespace tandem::gateway
