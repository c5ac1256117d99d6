#include "common/base/host_name.h"

namespace tandem {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

// '\0' for what may not stand in a label.
constexpr char in_label(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  return good ? c : '\0';
}

}  // namespace

std::optional<std::string> normal_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongestName) return std::nullopt;
  std::string name(text);
  std::size_t label = 0;  // its length so far
  for (char& c : name) {
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
      continue;
    }
    c = in_label(c);
    if (c == '\0' || ++label > kLongestLabel) return std::nullopt;
  }
  if (label == 0) return std::nullopt;
  return name;
}

}  // namespace tandem
