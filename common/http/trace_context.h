// W3C Trace Context: the trace that a request belongs to, continued from a client's `traceparent` or begun anew. A
// value of an exchange; pure but for the random ids.
#pragma once
#include <array>
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
  std::string_view traceparent() const { return text(); }  // of the request to the service

 private:
  bool known() const { return text_[0] != 0; }  // not so before of()
  static constexpr std::size_t kSize = 55;      // 00-<32 hex>-<16 hex>-<2 hex>
  std::string_view text() const { return {text_.data(), text_.size()}; }

  std::array<char, kSize> text_{};
};

// Whether `value` reads as a traceparent (§3.2.2): lower case, no ids of zeros, and of a later version what begins so.
bool is_traceparent(std::string_view value);
// Whether the values of all tracestate fields are lists of key=value within the bounds of §3.3.1: at most 32 members.
bool is_tracestate(const Fields& fields);

}  // namespace tandem::http
