#include "common/http/cookie.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::http {

std::optional<std::string_view> cookie(const Fields& fields, std::string_view name) {
  if (!fields.has(FieldId::cookie)) return std::nullopt;
  for (const Field& field : fields) {
    if (field.id != FieldId::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
      std::string_view value = trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace tandem::http
