#include "common/http/trace_context.h"

#include <algorithm>
#include <cstdint>

#include "common/base/id.h"
#include "common/http/byte_class.h"

namespace tandem::http {
namespace {

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kLongestState = 4096;  // 512 must be passed on; more than this is noise

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return is_digit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos; }

void put_hex(char* to, std::uint64_t word) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) *to++ = kDigits[word >> shift & 15];
}

std::uint64_t from_hex(std::string_view digits) {
  std::uint64_t word = 0;
  for (const char c : digits) word = word << 4 | static_cast<std::uint64_t>(hex_value(c));
  return word;
}

bool is_key_char(char c) {
  return is_digit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'z') || std::string_view("_-*/@").contains(c);
}

bool is_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals > 256 || member.size() - equals - 1 > 256) return false;
  const std::string_view value = member.substr(equals + 1);
  return std::ranges::all_of(member.substr(0, equals), is_key_char) && !value.empty() &&
         std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

}  // namespace

bool is_traceparent(std::string_view value) {
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  const std::string_view version = value.substr(0, 2);
  if (!is_hex(version) || version == "ff" || (version == "00" && value.size() != 55)) return false;
  if (value.size() > 55 && value[55] != '-') return false;
  return is_id(value.substr(3, 32)) && is_id(value.substr(36, 16)) && is_hex(value.substr(53, 2));
}

bool is_tracestate(const Fields& fields) {
  std::size_t members = 0, size = 0;
  bool good = true;
  for (const Field& field : fields) {
    if (field.id != FieldId::tracestate) continue;
    size += field.value.size();
    for_each_element(field.value, [&](std::string_view member) { ++members, good = good && is_member(member); });
  }
  return good && members <= kMostMembers && size <= kLongestState;
}

TraceContext TraceContext::of(Fields& fields) {
  TraceContext trace;
  std::string_view("00-").copy(trace.text_.data(), 3);
  trace.text_[35] = trace.text_[52] = '-';
  trace.tell(trace.span_ = new_span_id());
  const Field* parent = fields.find(FieldId::traceparent);
  if (parent && fields.count(FieldId::traceparent) == 1 && is_traceparent(parent->value)) {
    parent->value.substr(3, 32).copy(trace.text_.data() + 3, 32);
    trace.parent_ = from_hex(parent->value.substr(36, 16));
    // Flags that version 00 does not know are set to zero (§3.2.2.5).
    trace.text_[53] = '0';
    trace.text_[54] = hex_value(parent->value[54]) % 2 == 1 ? '1' : '0';
    fields.remove(FieldId::traceparent);
    if (fields.has(FieldId::tracestate) && !is_tracestate(fields)) fields.remove(FieldId::tracestate);
    return trace;
  }
  put_hex(trace.text_.data() + 3, new_span_id());
  put_hex(trace.text_.data() + 19, random_word());
  std::string_view("01").copy(trace.text_.data() + 53, 2);
  fields.remove(FieldSet(FieldId::traceparent, FieldId::tracestate));
  return trace;
}

void TraceContext::tell(std::uint64_t span) { put_hex(text_.data() + 36, span); }

std::uint64_t new_span_id() {
  std::uint64_t word = 0;
  while (word == 0) word = random_word();
  return word;
}

void append_span_id(std::string& out, std::uint64_t span) {
  std::array<char, 16> digits;
  put_hex(digits.data(), span);
  out.append(digits.data(), digits.size());
}

}  // namespace tandem::http
