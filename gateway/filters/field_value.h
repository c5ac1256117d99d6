// The value of a header field as `headers` writes it: a text, or where in the request it comes from. Compiled at load,
// rendered by all workers.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

class FieldValue {
 public:
  // "claim:NAME", "header:NAME", "param:NAME" (of the route), "client_ip", "consumer", "consumer:NAME" (name,
  // groups, plan), "request_id", "trace_id", "scheme"; anything else is the text itself, and what follows "text:" is in
  // any case.
  static routing::Parsed<FieldValue> parse(std::string_view text, const routing::MatchPattern& pattern);

  // Nothing when the request has no such thing, or when it holds a control character, which may never get into a head.
  // Valid as long as the exchange and the configuration.
  std::optional<std::string_view> of(Exchange& exchange) const;

 private:
  enum class Source : std::uint8_t {
    text,
    claim,
    header,
    param,
    client_ip,
    consumer,
    consumer_groups,
    consumer_plan,
    request_id,
    trace_id,
    scheme
  };
  struct Word;

  std::optional<std::string_view> find(Exchange& exchange) const;

  Source source_ = Source::text;
  std::string text_;  // or the name of the claim or field
  std::size_t param_ = 0;
};

}  // namespace tandem::gateway
