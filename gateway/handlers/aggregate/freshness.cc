#include "gateway/handlers/aggregate/freshness.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/http/byte_class.h"

namespace tandem::gateway {
namespace {

using cache::Seconds;
using http::FieldId;

constexpr std::size_t kMostNames = 32;  // of Vary; with more it depends on everything

Seconds left_of(Seconds lifetime, Seconds age) { return lifetime > age ? lifetime - age : 0; }

}  // namespace

// What is meant for caches like ours only (RFC 9213) counts beside what is meant for all.
void Freshness::add(const cache::Answered& answer) {
  any_ = true;
  add(cache::parse_cache_control(answer.fields.joined(FieldId::cache_control)), answer);
  if (const cache::Control targeted = cache::control_of(answer.fields); targeted.targeted) {
    add(targeted.directives, answer);
  }
  add_names(answer.fields.joined(FieldId::vary));
}

void Freshness::add(const cache::Directives& said, const cache::Answered& answer) {
  const auto expires = cache::lifetime_by_expires(answer);
  const bool cookie = answer.fields.has(FieldId::set_cookie) && !said.is_public;
  says_ = says_ || cookie || said.has_freshness() || expires || answer.fields.has(FieldId::cache_control);
  no_store_ = no_store_ || said.no_store;
  private_ = private_ || said.is_private || cookie || !said.private_fields.empty();
  no_cache_ = no_cache_ || said.no_cache || !said.no_cache_fields.empty();
  must_revalidate_ = must_revalidate_ || said.must_revalidate;
  proxy_revalidate_ = proxy_revalidate_ || said.proxy_revalidate;
  no_transform_ = no_transform_ || said.no_transform;
  all_public_ = all_public_ && said.is_public;
  const Seconds age = cache::age_on_arrival(answer);
  const auto own = said.max_age ? said.max_age : expires;
  silent_ = silent_ || (!own && !said.s_maxage);
  any_shared_ = any_shared_ || said.s_maxage.has_value();
  own_ = std::min(own_, left_of(own.value_or(0), age));
  shared_ = std::min(shared_, left_of(said.s_maxage ? *said.s_maxage : own.value_or(0), age));
  const auto stale = [](const std::optional<Seconds>& one, bool& all, Seconds& least) {
    all = all && one.has_value();
    least = std::min(least, one.value_or(0));
  };
  stale(said.stale_while_revalidate, all_while_revalidate_, while_revalidate_);
  stale(said.stale_if_error, all_if_error_, if_error_);
}

void Freshness::add(const Freshness& other) {
  any_ = any_ || other.any_;
  says_ = says_ || other.says_;
  silent_ = silent_ || other.silent_;
  no_store_ = no_store_ || other.no_store_;
  private_ = private_ || other.private_;
  no_cache_ = no_cache_ || other.no_cache_;
  must_revalidate_ = must_revalidate_ || other.must_revalidate_;
  proxy_revalidate_ = proxy_revalidate_ || other.proxy_revalidate_;
  no_transform_ = no_transform_ || other.no_transform_;
  all_public_ = all_public_ && other.all_public_;
  all_while_revalidate_ = all_while_revalidate_ && other.all_while_revalidate_;
  all_if_error_ = all_if_error_ && other.all_if_error_;
  any_shared_ = any_shared_ || other.any_shared_;
  own_ = std::min(own_, other.own_);
  shared_ = std::min(shared_, other.shared_);
  while_revalidate_ = std::min(while_revalidate_, other.while_revalidate_);
  if_error_ = std::min(if_error_, other.if_error_);
  everything_ = everything_ || other.everything_;
  for (const std::string& name : other.names_) add_names(name);
}

void Freshness::add_names(std::string_view vary) {
  http::for_each_element(vary, [&](std::string_view name) {
    const auto same = [name](std::string_view known) { return http::equals_ignoring_case(known, name); };
    if (name == "*" || !http::is_token(name) || names_.size() == kMostNames) {
      everything_ = everything_ || !std::ranges::any_of(names_, same);
    } else if (!std::ranges::any_of(names_, same)) {
      names_.emplace_back(name);
    }
  });
}

// One that says nothing counts as stale among others that do.
std::string Freshness::cache_control() const {
  if (no_store_) return "no-store";
  if (!any_ || !says_) return {};
  std::string text;
  const auto word = [&text](std::string_view one) {
    if (!text.empty()) text += ", ";
    text += one;
  };
  const auto number = [&](std::string_view name, Seconds seconds) { word(fmt::format("{}={}", name, seconds)); };
  if (private_) word("private");
  if (!private_ && all_public_) word("public");
  if (no_cache_) word("no-cache");
  number("max-age", silent_ ? 0 : own_);
  if (any_shared_ && !private_) number("s-maxage", silent_ ? 0 : shared_);
  if (must_revalidate_) word("must-revalidate");
  if (proxy_revalidate_) word("proxy-revalidate");
  if (no_transform_) word("no-transform");
  if (all_while_revalidate_ && while_revalidate_ > 0) number("stale-while-revalidate", while_revalidate_);
  if (all_if_error_ && if_error_ > 0) number("stale-if-error", if_error_);
  return text;
}

std::string Freshness::vary() const {
  if (everything_) return "*";
  std::string text;
  for (const std::string& name : names_) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace tandem::gateway
