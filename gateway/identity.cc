#include "gateway/identity.h"

namespace tandem::gateway {

std::optional<std::string> Identity::claim(std::string_view name) const {
  const json::Value* found = claims.find(name);
  if (!found) return std::nullopt;
  if (const std::string* text = found->text()) return *text;
  if (const auto truth = found->truth()) return *truth ? "true" : "false";
  return std::nullopt;
}

}  // namespace tandem::gateway
