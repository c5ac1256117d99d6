#include "gateway/cache/entry.h"

#include <algorithm>
#include <cstring>

#include "common/http/byte_class.h"
#include "gateway/cache/structured_field.h"

namespace tandem::cache {
namespace {

using http::FieldId;

// What is written anew for each answer, or belongs to a message.
constexpr http::FieldSet kNotStored(FieldId::age, FieldId::connection, FieldId::content_length, FieldId::keep_alive,
                                    FieldId::proxy_authenticate, FieldId::te, FieldId::trailer,
                                    FieldId::transfer_encoding, FieldId::upgrade, FieldId::via, FieldId::x_request_id);

// What tells of the stored body, which a 304 does not replace.
bool tells_of_body(const http::Field& field) {
  return field.id == FieldId::content_length || field.id == FieldId::content_encoding ||
         http::equals_ignoring_case(field.name, "content-range");
}

}  // namespace

std::string_view Body::run_at(std::uint64_t offset) const {
  const std::size_t index = offset / kBlockSize;
  const std::uint64_t end = std::min<std::uint64_t>(size, (index + 1) * std::uint64_t{kBlockSize});
  return {blocks[index]->bytes() + offset % kBlockSize, static_cast<std::size_t>(end - offset)};
}

StoredHead::StoredHead(const Parts& parts)
    : status_(parts.status),
      has_body_(parts.has_body),
      policy_(parts.policy),
      selection_(parts.selection),
      received_(parts.received),
      groups_(groups_of(parts.fields, "cache-groups")) {
  const auto is_kept = [&](const http::Field& field) {
    return !kNotStored.has(field.id) && !is_left_out(parts.directives, field.name);
  };
  const bool dated = parts.fields.has(FieldId::date);
  std::size_t count = dated ? 0 : 1;
  text_size_ = dated ? 0 : parts.date.size();
  for (const http::Field& field : parts.fields) {
    if (!is_kept(field)) continue;
    text_size_ += field.name.size() + field.value.size();
    ++count;
  }
  text_ = std::make_unique_for_overwrite<char[]>(text_size_);
  char* at = text_.get();
  const auto keep = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
    return std::string_view(at - text.size(), text.size());
  };
  fields_.reserve(count);
  for (const http::Field& field : parts.fields) {
    if (!is_kept(field)) continue;
    const std::string_view name = keep(field.name);
    fields_.add(name, keep(field.value), field.id);
  }
  if (!dated) fields_.add("Date", keep(parts.date), FieldId::date);
}

Seconds StoredHead::age(Instant now) const {
  const auto resident = std::chrono::duration_cast<std::chrono::seconds>(now - received_).count();
  return static_cast<Seconds>(
      std::min<std::int64_t>(policy_.initial_age + std::max<std::int64_t>(resident, 0), kMostSeconds));
}

std::int64_t StoredHead::time_to_live(Instant now) const { return std::int64_t{policy_.lifetime} - age(now); }

bool StoredHead::usable_while_revalidating(Instant now) const {
  return !policy_.always_asks && time_to_live(now) + policy_.while_revalidate > 0;
}

bool StoredHead::usable_on_error(Instant now) const {
  return !policy_.always_asks && time_to_live(now) + policy_.if_error > 0;
}

std::uint64_t StoredHead::cost() const {
  std::uint64_t bytes = sizeof(StoredHead) + text_size_ + fields_.size() * sizeof(http::Field) + 4 * kAllocationCost;
  for (const Selection::Part& part : selection_.parts) {
    bytes += sizeof(Selection::Part) + part.name.size() + part.value.size() + 2 * kAllocationCost;
  }
  for (const std::string& group : groups_) bytes += sizeof(std::string) + group.size() + 6 * kAllocationCost;
  return bytes;
}

http::Fields merged_fields(const http::Fields& stored, const http::Fields& not_modified) {
  http::Fields merged;
  merged.reserve(stored.size() + not_modified.size());
  for (const http::Field& field : stored) {
    const bool replaced = !tells_of_body(field) && not_modified.find(field.name) != nullptr;
    if (!replaced) merged.add(field.name, field.value, field.id);
  }
  for (const http::Field& field : not_modified) {
    if (!tells_of_body(field)) merged.add(field.name, field.value, field.id);
  }
  return merged;
}

std::vector<std::string> groups_of(const http::Fields& fields, std::string_view field) {
  std::vector<std::string> groups;
  if (!fields.find(field)) return groups;
  auto items = parse_list(fields.joined(field));
  if (!items) return groups;
  for (BareItem& item : *items) {
    if (groups.size() == kMostGroups) break;
    const bool is_name =
        item.kind == BareItem::Kind::string && !item.text.empty() && item.text.size() <= kMostGroupSize;
    if (is_name && std::ranges::find(groups, item.text) == groups.end()) groups.push_back(std::move(item.text));
  }
  return groups;
}

}  // namespace tandem::cache
