// W3C Trace Context: the trace that a request belongs to, continued from a client's `traceparent` or begun anew. A
// value of an exchange; pure but for the random ids.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace tandem::http {

class TraceContext {
 public:
  // The trace of a request: the client's, with a new parent id and its flags (sampled or not), when there is exactly
  // one well-formed `traceparent`; else a new one, sampled, as services would decide by themselves without a parent.
  // Removes `traceparent` from `fields`, and `tracestate` unless its trace goes on and it is well-formed itself (§3.3).
  static TraceContext of(Fields& fields);

  std::string_view trace_id() const { return known() ? text().substr(3, 32) : std::string_view(); }
  std::uint64_t span() const { return span_; }      // of what is done for the request here
  std::uint64_t parent() const { return parent_; }  // the client's span; 0: the trace begins here
  bool sampled() const { return text_[kSize - 1] == '1'; }
  void set_sampled(bool sampled) { text_[kSize - 1] = sampled ? '1' : '0'; }

  // What the request to a service says: as its parent the last span that was told, span() before.
  std::string_view traceparent() const { return text(); }
  void tell(std::uint64_t span);

 private:
  bool known() const { return text_[0] != 0; }  // not so before of()
  static constexpr std::size_t kSize = 55;      // 00-<32 hex>-<16 hex>-<2 hex>
  std::string_view text() const { return {text_.data(), text_.size()}; }

  std::array<char, kSize> text_{};
  std::uint64_t span_ = 0;
  std::uint64_t parent_ = 0;
};

std::uint64_t new_span_id();                                // random, never 0
void append_span_id(std::string& out, std::uint64_t span);  // as 16 hex digits

// Whether `value` reads as a traceparent (§3.2.2): lower case, no ids of zeros, and of a later version what begins so.
bool is_traceparent(std::string_view value);
// Whether the values of all tracestate fields are lists of key=value within the bounds of §3.3.1: at most 32 members.
bool is_tracestate(const Fields& fields);

}  // namespace tandem::http
