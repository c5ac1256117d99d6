#include "gateway/cache/policy.h"

#include <algorithm>
#include <array>

#include "common/http/byte_class.h"
#include "gateway/cache/http_date.h"

namespace tandem::cache {
namespace {

using http::FieldId;

constexpr int kHeuristicShare = 10;  // of the time since the last change, as §4.2.2 suggests

bool is_heuristically_cacheable(int status) {
  constexpr std::array kStatuses = {200, 203, 204, 300, 301, 308, 404, 405, 410};
  return std::ranges::find(kStatuses, status) != kStatuses.end();
}

// What a cache may store at all. Errors of the service itself and of a request's form are never kept: whoever provokes
// one would have it answered to everybody.
bool is_understood(int status) {
  constexpr std::array kFurther = {302, 303, 307, 401, 402, 403, 406, 409, 451};
  return is_heuristically_cacheable(status) || std::ranges::find(kFurther, status) != kFurther.end();
}

Seconds in_seconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return static_cast<Seconds>(std::clamp<std::int64_t>(count, 0, kMostSeconds));
}

Seconds sum(Seconds a, Seconds b) {
  return static_cast<Seconds>(std::min<std::uint64_t>(std::uint64_t{a} + b, kMostSeconds));
}

// The first line's number; junk and what is negative are as if nothing stood there (§5.1).
Seconds age_value(const http::Fields& fields) {
  const auto value = fields.value(FieldId::age);
  return value ? parse_seconds(value->substr(0, value->find(','))).value_or(0) : 0;
}

std::optional<WallTime> date_of(const http::Fields& fields, FieldId id, WallTime today) {
  if (fields.count(id) != 1) return std::nullopt;
  return parse_http_date(*fields.value(id), today);
}

WallTime made_at(const Answered& answer) {
  return date_of(answer.fields, FieldId::date, answer.received).value_or(answer.received);
}

struct Lifetime {
  Seconds seconds = 0;
  bool explicit_one = true;
};

// §4.2.1, in its order. What cannot be read is stale.
Lifetime lifetime_of(const Asked& asked, const Answered& answer, const Control& control, WallTime date) {
  const Directives& said = control.directives;
  if (said.s_maxage) return {*said.s_maxage};
  if (said.max_age) return {*said.max_age};
  if (const auto expires = lifetime_by_expires(answer); expires && !control.targeted) return {*expires};
  Lifetime guess{0, false};
  if (asked.cookie || !(is_heuristically_cacheable(answer.status) || said.is_public)) return guess;
  if (const auto changed = date_of(answer.fields, FieldId::last_modified, answer.received)) {
    guess.seconds = std::min(in_seconds((date - *changed) / kHeuristicShare), kMostHeuristic);
  }
  return guess;
}

// Why it may not be stored; empty: it may.
std::string_view refusal(const Asked& asked, const Answered& answer, const Control& control) {
  const Directives& said = control.directives;
  if (!is_understood(answer.status)) return "status";
  if (asked.no_store) return "request-no-store";
  if (said.no_store && !said.must_understand) return "no-store";
  if (said.is_private) return "private";
  const bool shared = said.is_public || said.s_maxage || said.must_revalidate;
  if (asked.authorization && !shared) return "authorization";
  const bool may = said.is_public || said.has_freshness() || is_heuristically_cacheable(answer.status) ||
                   (!control.targeted && answer.fields.has(FieldId::expires));
  if (!may) return "status";
  const bool cookie_left_out = is_left_out(said, "set-cookie");
  if (answer.fields.has(FieldId::set_cookie) && !said.is_public && !cookie_left_out) return "set-cookie";
  return {};
}

}  // namespace

Seconds age_on_arrival(const Answered& answer) {
  const Seconds apparent = in_seconds(answer.received - made_at(answer));
  return std::max(apparent, sum(age_value(answer.fields), in_seconds(answer.delay)));
}

std::optional<Seconds> lifetime_by_expires(const Answered& answer) {
  if (!answer.fields.has(FieldId::expires)) return std::nullopt;
  const auto expires = date_of(answer.fields, FieldId::expires, answer.received);
  return expires ? in_seconds(*expires - made_at(answer)) : 0;
}

bool is_left_out(const Directives& directives, std::string_view field) {
  const auto named = [&](const std::vector<std::string>& names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return http::equals_ignoring_case(name, field); });
  };
  return named(directives.no_cache_fields) || named(directives.private_fields);
}

std::expected<Policy, std::string_view> judge(const Asked& asked, const Answered& answer, const StaleDefaults& stale) {
  const Control control = control_of(answer.fields);
  const Directives& said = control.directives;
  if (const std::string_view why = refusal(asked, answer, control); !why.empty()) return std::unexpected(why);
  const Lifetime lifetime = lifetime_of(asked, answer, control, made_at(answer));
  Policy policy;
  policy.lifetime = lifetime.seconds;
  policy.heuristic = !lifetime.explicit_one;
  policy.initial_age = age_on_arrival(answer);
  policy.always_asks = said.no_cache;
  policy.is_public = said.is_public;
  policy.never_stale = said.must_revalidate || said.proxy_revalidate || said.no_cache;
  if (!policy.never_stale) {
    // s-maxage forbids what is stale (§5.2.2.10), unless the answer itself allows it in as many words.
    policy.while_revalidate = said.stale_while_revalidate.value_or(said.s_maxage ? 0 : stale.while_revalidate);
    policy.if_error = said.stale_if_error.value_or(said.s_maxage ? 0 : stale.if_error);
    policy.never_stale = said.s_maxage.has_value();
  }
  const bool can_be_validated = answer.fields.has(FieldId::etag) || answer.fields.has(FieldId::last_modified);
  const bool is_of_use = (policy.lifetime > policy.initial_age && !policy.always_asks) || can_be_validated ||
                         policy.while_revalidate > 0 || policy.if_error > 0;
  if (!is_of_use) return std::unexpected("stale");
  return policy;
}

}  // namespace tandem::cache
