#include "common/http/message.h"

#include <algorithm>
#include <array>
#include <functional>

#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

// Compared as std::less does: the views may point anywhere.
void move_view(std::string_view& view, const char* from, std::size_t size, const char* to) {
  const std::less<> before;
  const bool inside =
      view.data() != nullptr && !before(view.data(), from) && !before(from + size, view.data() + view.size());
  if (inside) view = {to + (view.data() - from), view.size()};
}

constexpr std::array<std::string_view, 10> kMethods = {"GET",     "HEAD",  "POST",  "PUT",     "DELETE",
                                                       "OPTIONS", "PATCH", "TRACE", "CONNECT", ""};

}  // namespace

const Field* Fields::find(FieldId id) const {
  if (!has(id)) return nullptr;
  const auto found = std::ranges::find(items_, id, &Field::id);
  return found == items_.end() ? nullptr : &*found;
}

const Field* Fields::find(std::string_view name) const {
  const FieldId id = field_id(name);
  if (id != FieldId::other) return find(id);
  if (!has(FieldId::other)) return nullptr;
  const auto found = std::ranges::find_if(items_, [&](const Field& f) { return equals_ignoring_case(f.name, name); });
  return found == items_.end() ? nullptr : &*found;
}

std::optional<std::string_view> Fields::value(FieldId id) const {
  const Field* field = find(id);
  return field ? std::optional(field->value) : std::nullopt;
}

std::size_t Fields::count(FieldId id) const {
  return has(id) ? static_cast<std::size_t>(std::ranges::count(items_, id, &Field::id)) : 0;
}

std::size_t Fields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(items_, [&](const Field& f) { return equals_ignoring_case(f.name, name); }));
}

template <class Wanted>
static std::string join_values(const Fields& fields, Wanted wanted) {
  std::string out;
  for (const Field& field : fields) {
    if (field.value.empty() || !wanted(field)) continue;
    if (!out.empty()) out += ", ";
    out += field.value;
  }
  return out;
}

std::string Fields::joined(FieldId id) const {
  if (!has(id)) return {};
  return join_values(*this, [id](const Field& f) { return f.id == id; });
}

std::string Fields::joined(std::string_view name) const {
  return join_values(*this, [&](const Field& f) { return equals_ignoring_case(f.name, name); });
}

std::size_t Fields::remove(FieldId id) {
  return has(id) ? remove_if([id](const Field& f) { return f.id == id; }) : 0;
}

std::size_t Fields::remove(std::string_view name) {
  const FieldId id = field_id(name);
  if (id != FieldId::other) return remove(id);
  return has(id) ? remove_if([&](const Field& f) { return equals_ignoring_case(f.name, name); }) : 0;
}

std::size_t Fields::remove(FieldSet ids) {
  return has_any(ids) ? remove_if([&](const Field& f) { return ids.has(f.id); }) : 0;
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::rebase(const char* from, std::size_t size, const char* to) {
  for (Field& field : items_) {
    move_view(field.name, from, size, to);
    move_view(field.value, from, size, to);
  }
}

void Fields::count_present() {
  present_ = {};
  for (const Field& field : items_) present_.add(field.id);
}

Method method_of(std::string_view text) noexcept {
  const auto* const last = kMethods.end() - 1;
  return static_cast<Method>(std::find(kMethods.begin(), last, text) - kMethods.begin());
}

std::string_view method_text(Method method) noexcept { return kMethods[static_cast<std::size_t>(method)]; }

void RequestHead::clear() {
  method = Method::other;
  method_text = target = path = query = authority = host = {};
  form = TargetForm::origin;
  has_query = keep_alive = expect_continue = false;
  port = 0;
  version_minor = 1;
  fields.clear();
  connection = {};
  framing = {};
}

void RequestHead::rebase(const char* from, std::size_t size, const char* to) {
  for (std::string_view* view : {&method_text, &target, &path, &query, &authority, &host}) {
    move_view(*view, from, size, to);
  }
  fields.rebase(from, size, to);
}

void ResponseHead::clear() {
  status = 0;
  reason = {};
  version_minor = 1;
  fields.clear();
  connection = {};
  framing = {};
  declared_length.reset();
  keep_alive = false;
}

void ResponseHead::rebase(const char* from, std::size_t size, const char* to) {
  move_view(reason, from, size, to);
  fields.rebase(from, size, to);
}

}  // namespace tandem::http
