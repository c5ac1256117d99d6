#include "gateway/cache/conditions.h"

#include <optional>

#include "common/http/byte_class.h"
#include "gateway/cache/http_date.h"

namespace tandem::cache {
namespace {

using http::FieldId;

std::string_view opaque(std::string_view tag) { return is_weak(tag) ? tag.substr(2) : tag; }

// Takes the next entity tag off a list. Tags may hold commas, so a list is not cut at them. Empty: there is none.
std::string_view next_tag(std::string_view& list) {
  while (!list.empty() && (list.front() == ',' || http::is_blank(list.front()))) list.remove_prefix(1);
  const std::size_t begin = list.starts_with("W/\"") ? 3 : 1;
  if (list.size() < begin || list[begin - 1] != '"') return {};
  const std::size_t end = list.find('"', begin);
  if (end == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

bool is_listed(const http::Fields& request, std::string_view stored) {
  for (const http::Field& field : request) {
    if (field.id != FieldId::if_none_match) continue;
    std::string_view list = http::trim(field.value);
    if (list == "*") return true;
    for (std::string_view tag = next_tag(list); !tag.empty(); tag = next_tag(list)) {
      if (!stored.empty() && weakly_equal(tag, stored)) return true;
    }
  }
  return false;
}

std::optional<WallTime> date(const http::Fields& fields, FieldId id, WallTime now) {
  const auto value = fields.value(id);
  return value ? parse_http_date(*value, now) : std::nullopt;
}

}  // namespace

bool is_weak(std::string_view tag) { return tag.starts_with("W/"); }
bool weakly_equal(std::string_view a, std::string_view b) { return opaque(a) == opaque(b); }
bool strongly_equal(std::string_view a, std::string_view b) { return !is_weak(a) && a == b; }

bool client_has_it(const http::Fields& request, const http::Fields& stored, WallTime now) {
  if (request.has(FieldId::if_none_match)) {
    return is_listed(request, http::trim(stored.value(FieldId::etag).value_or("")));
  }
  const auto since = date(request, FieldId::if_modified_since, now);
  if (!since) return false;
  auto changed = date(stored, FieldId::last_modified, now);
  if (!changed) changed = date(stored, FieldId::date, now);
  return changed && *changed <= *since;
}

bool range_applies(const http::Fields& request, const http::Fields& stored, WallTime now) {
  const auto condition = request.value(FieldId::if_range);
  if (!condition) return true;
  if (condition->starts_with('"') || condition->starts_with("W/")) {
    return strongly_equal(*condition, http::trim(stored.value(FieldId::etag).value_or("")));
  }
  const auto wanted = parse_http_date(*condition, now);
  const auto changed = date(stored, FieldId::last_modified, now);
  return wanted && changed && *wanted == *changed;
}

}  // namespace tandem::cache
