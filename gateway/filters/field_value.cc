#include "gateway/filters/field_value.h"

#include <algorithm>
#include <array>

#include "common/config/value.h"
#include "common/http/byte_class.h"
#include "gateway/routing/template.h"

namespace tandem::gateway {
namespace {

bool is_clean(std::string_view value) {
  return std::ranges::none_of(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

struct FieldValue::Word {
  std::string_view text;
  Source source;
};

routing::Parsed<FieldValue> FieldValue::parse(std::string_view text, const routing::MatchPattern& pattern) {
  static constexpr std::array kWords = {
      Word{"client_ip", Source::client_ip},         Word{"consumer", Source::consumer},
      Word{"consumer:name", Source::consumer},      Word{"consumer:groups", Source::consumer_groups},
      Word{"consumer:plan", Source::consumer_plan}, Word{"request_id", Source::request_id},
      Word{"trace_id", Source::trace_id},           Word{"scheme", Source::scheme},
  };
  static constexpr std::array kPrefixes = {Word{"claim", Source::claim}, Word{"header", Source::header},
                                           Word{"param", Source::param}, Word{"text", Source::text}};
  FieldValue value;
  value.text_ = text;
  if (const auto word = std::ranges::find(kWords, text, &Word::text); word != kWords.end()) {
    value.source_ = word->source;
    return value;
  }
  const std::size_t colon = text.find(':');
  if (text.starts_with("consumer:")) {
    return routing::wrong(colon + 1, config::quoted(text.substr(colon + 1)) +
                                         " is nothing that is known of a consumer; write name, groups or plan");
  }
  const auto prefix = std::ranges::find(kPrefixes, text.substr(0, colon), &Word::text);
  if (colon == std::string_view::npos || prefix == kPrefixes.end()) return value;
  value.source_ = prefix->source;
  value.text_ = text.substr(colon + 1);
  if (value.source_ == Source::text) return value;
  if (value.text_.empty()) return routing::wrong(text.size(), "a name is missing behind the colon");
  if (value.source_ == Source::header && !http::is_token(value.text_)) {
    return routing::wrong(colon + 1, config::quoted(value.text_) + " is not a field name");
  }
  if (value.source_ == Source::param) {
    const auto index = pattern.param_index(value.text_);
    if (!index) return routing::wrong(colon + 1, "the route has no parameter " + config::quoted(value.text_));
    value.param_ = *index;
  }
  return value;
}

std::optional<std::string_view> FieldValue::of(Exchange& exchange) const {
  if (source_ == Source::text) return text_;
  const auto found = find(exchange);
  return found && is_clean(*found) ? found : std::nullopt;
}

std::optional<std::string_view> FieldValue::find(Exchange& exchange) const {
  switch (source_) {
    case Source::text: return text_;
    case Source::claim: {
      if (!exchange.identity) return std::nullopt;
      auto claim = exchange.identity->claim(text_);
      return claim ? std::optional(exchange.keep(*std::move(claim))) : std::nullopt;
    }
    case Source::header: {
      const http::Field* field = exchange.request.fields.find(text_);
      if (!field) return std::nullopt;
      if (exchange.request.fields.count(text_) == 1) return field->value;
      return exchange.keep(exchange.request.fields.joined(text_));
    }
    case Source::param: {
      const std::string_view raw = exchange.params.span()[param_];
      if (!raw.contains('%')) return raw;
      return exchange.keep(routing::decode(raw, routing::Place::path));
    }
    case Source::client_ip: return exchange.keep(exchange.client.to_string());
    case Source::consumer:
      if (!exchange.identity || exchange.identity->consumer.empty()) return std::nullopt;
      return exchange.identity->consumer;
    case Source::consumer_groups:
      if (!exchange.identity || exchange.identity->groups.empty()) return std::nullopt;
      return exchange.keep(exchange.identity->groups_text());
    case Source::consumer_plan:
      if (!exchange.identity || exchange.identity->plan.empty()) return std::nullopt;
      return exchange.identity->plan;
    case Source::request_id: return exchange.id;
    case Source::trace_id: return exchange.trace.trace_id();
    case Source::scheme: break;
  }
  return exchange.scheme;
}

}  // namespace tandem::gateway
