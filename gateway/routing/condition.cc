#include "gateway/routing/condition.h"

#include <algorithm>
#include <cstddef>

#include "gateway/routing/segment.h"

namespace tandem::routing {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_field(const Condition& a, const Condition& b) {
  if (a.field != b.field) return false;
  if (a.field == Condition::Field::query) return a.name == b.name;
  return std::ranges::equal(a.name, b.name, {}, lower, lower);
}

Tested test_query(std::string_view query, const Condition& condition) noexcept {
  int seen = 0;
  bool equal = false;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (!decodes_to(pair.substr(0, equals), condition.name)) continue;
    ++seen;
    equal =
        decodes_to(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), condition.value);
  }
  if (seen > 1) return Tested::repeated;
  return equal ? Tested::holds : Tested::differs;
}

}  // namespace tandem::routing
