#include "gateway/config_rate_limit_kinds.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/suggest.h"
#include "common/http/byte_class.h"

namespace tandem::gateway {
namespace {

using namespace config;
using Part = LimitKeyPart;

constexpr std::string_view kKeys = R"("caller", "ip", "route", "global", "header:NAME", "claim:NAME" or "param:NAME")";

std::optional<Part> parse_part(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool named = colon != std::string_view::npos;
  const std::string_view name = named ? text.substr(colon + 1) : std::string_view();
  for (const Part::Kind kind : kLimitKeyKinds) {
    if (name_of(kind) != text.substr(0, colon) || is_named(kind) != named) continue;
    if (named && name.empty()) return std::nullopt;
    if (kind == Part::Kind::header && !http::is_token(name)) return std::nullopt;
    return Part{kind, std::string(name)};
  }
  return std::nullopt;
}

Kind<Part> key_part() {
  Kind<Part> kind;
  kind.read = [](Reader& reader, const Value& value, Part& to) {
    const auto text = reader.text(value, kKeys);
    if (!text) return false;
    auto part = parse_part(*text);
    if (!part) {
      std::vector<std::string> words;
      for (const Part::Kind one : kLimitKeyKinds) words.emplace_back(name_of(one));
      return reader.error(value.place, fmt::format("{} is no key of a limit; write {}{}", quoted(*text), kKeys,
                                                   did_you_mean(*text, words)));
    }
    to = *std::move(part);
    return true;
  };
  kind.show = [](const Part& part) { return std::optional<Value>(part.text()); };
  kind.schema = text().schema;
  return kind;
}

}  // namespace

Kind<std::vector<Part>> limit_key() {
  Kind<std::vector<Part>> kind = list(key_part(), std::string(kKeys));
  kind.read = [many = kind.read](Reader& reader, const Value& value, std::vector<Part>& to) {
    if (!value.array()) return key_part().read(reader, value, to.emplace_back());
    if (value.array()->empty())
      return reader.error(value.place, "the list is empty: write \"global\" for all together");
    if (!many(reader, value, to)) return false;
    for (auto part = to.begin(); part != to.end(); ++part) {
      if (std::find(to.begin(), part, *part) == part) continue;
      const auto index = static_cast<std::size_t>(part - to.begin());
      return reader.error((*value.array())[index].place, quoted(part->text()) + " stands there twice");
    }
    return true;
  };
  kind.show = [many = kind.show](const std::vector<Part>& shown) {
    return shown.size() == 1 ? std::optional<Value>(shown.front().text()) : many(shown);
  };
  kind.schema = [many = kind.schema] {
    Value either;
    either.set("anyOf", Value::Array{text().schema(), many()});
    return either;
  };
  return kind;
}

Kind<std::optional<Quota>> quota_or_none() {
  Kind<std::optional<Quota>> kind;
  kind.read = [](Reader& reader, const Value& value, std::optional<Quota>& to) {
    constexpr std::string_view kHow = R"(write a number with /min, /h, /day or /month, such as "10000/day")";
    const auto text = reader.text(value, fmt::format("a quota ({})", kHow));
    if (!text) return false;
    to = Quota::parse(*text);
    if (to || *text == "none") return true;
    return reader.error(
        value.place, fmt::format("{} is not a quota; {}, at most {}, or \"none\"", quoted(*text), kHow, Quota::kMost));
  };
  kind.show = [](const std::optional<Quota>& quota) {
    return std::optional<Value>(quota ? Value(quota->text()) : Value("none"));
  };
  kind.schema = text().schema;
  return kind;
}

Kind<LimitFieldsMode> fields_mode() {
  return words<LimitFieldsMode>(
      {{"standard", LimitFieldsMode::standard}, {"both", LimitFieldsMode::both}, {"off", LimitFieldsMode::off}});
}

bool read_tier(Reader& reader, const Value& value, RateLimitConfig& to) {
  constexpr std::string_view kClaim = "claim:";
  const auto text = reader.text(value, "\"plan\" or \"claim:NAME\"");
  if (!text) return false;
  to.tier_place = value.place;
  if (*text == "plan") {
    to.tier_by = RateLimitConfig::TierBy::plan;
    return true;
  }
  if (!text->starts_with(kClaim) || text->size() == kClaim.size()) {
    return reader.error(value.place, quoted(*text) + " says of no tier; write \"plan\" or \"claim:NAME\"");
  }
  to.tier_by = RateLimitConfig::TierBy::claim;
  to.tier_claim = text->substr(kClaim.size());
  return true;
}

std::optional<Value> show_tier(const RateLimitConfig& from) {
  switch (from.tier_by) {
    case RateLimitConfig::TierBy::nothing: return std::nullopt;
    case RateLimitConfig::TierBy::plan: return Value("plan");
    case RateLimitConfig::TierBy::claim: break;
  }
  return Value("claim:" + from.tier_claim);
}

bool read_scope(Reader& reader, const Value& value, RateLimitConfig& to) {
  constexpr std::string_view kRedis = "redis:";
  const auto text = reader.text(value, "\"instance\" or \"redis:NAME\"");
  if (!text) return false;
  to.scope_place = value.place;
  if (*text == "instance") return true;
  if (!text->starts_with(kRedis) || text->size() == kRedis.size()) {
    return reader.error(value.place, quoted(*text) + " is no scope; write \"instance\" or \"redis:NAME\"");
  }
  to.redis = text->substr(kRedis.size());
  return true;
}

std::optional<Value> show_scope(const RateLimitConfig& from) { return Value(from.scope()); }

Kind<IfUnavailable> if_unavailable() {
  return words<IfUnavailable>(
      {{"instance", IfUnavailable::instance}, {"allow", IfUnavailable::allow}, {"deny", IfUnavailable::deny}});
}

bool is_outside(const Value& value) {
  return value.table() && value.table()->size() == 1 &&
         (value.table()->front().key == "env" || value.table()->front().key == "file");
}

}  // namespace tandem::gateway
