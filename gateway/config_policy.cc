#include "gateway/config_policy.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace tandem::gateway {
namespace {

using namespace config;

Kind<std::vector<std::string>> scope_names() {
  Kind<std::string> name = text();
  name.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, "a scope");
    if (!text) return false;
    if (text->empty() || text->contains(' ')) return reader.error(value.place, "a scope is one word");
    to = *text;
    return true;
  };
  return list(std::move(name), "scopes");
}

const Section<ScopesConfig>& scopes_section() {
  static const Section<ScopesConfig> section = Section<ScopesConfig>()
                                                   .field("all", &ScopesConfig::all, scope_names(), "The scopes.")
                                                   .required()
                                                   .at(&ScopesConfig::place)
                                                   .field("mode", &ScopesConfig::report, policy_mode(), kPolicyModeDoc);
  return section;
}

const Section<AllowConfig>& allow_section() {
  static const Section<AllowConfig> section = Section<AllowConfig>()
                                                  .field("rule", &AllowConfig::rule, text(), "The rule.")
                                                  .required()
                                                  .at(&AllowConfig::place)
                                                  .field("mode", &AllowConfig::report, policy_mode(), kPolicyModeDoc);
  return section;
}

// The short form alone, or a table that has it with the rest.
template <class S, class M>
Kind<S> short_or_table(Kind<M> brief, M S::* member, const Section<S>& section) {
  Kind<S> kind;
  kind.read = [=, &section](Reader& reader, const Value& value, S& to) {
    to = S{};
    if (!value.table()) to.place = value.place;
    return value.table() ? section.read(reader, value, to) : brief.read(reader, value, to.*member);
  };
  kind.show = [=, &section](const S& from) -> std::optional<Value> {
    if ((from.*member).empty()) return std::nullopt;
    return from.report ? std::optional<Value>(section.show(from)) : brief.show(from.*member);
  };
  kind.schema = [brief, &section] {
    Value either;
    either.set("anyOf", Value::Array{brief.schema(), section.schema()});
    return either;
  };
  return kind;
}

std::vector<std::string> param_names(const routing::MatchPattern& pattern) {
  std::vector<std::string> names;
  for (const std::string_view name : pattern.params()) names.emplace_back(name);
  return names;
}

}  // namespace

Kind<bool> policy_mode() { return words<bool>({{"enforce", false}, {"report", true}}); }

const Section<RouteAuth>& policy_section() {
  static const Section<RouteAuth> section =
      Section<RouteAuth>()
          .field("scopes", &RouteAuth::scopes, short_or_table(scope_names(), &ScopesConfig::all, scopes_section()),
                 "What the caller's credential must allow: all of these.")
          .field("allow", &RouteAuth::allow, short_or_table(text(), &AllowConfig::rule, allow_section()),
                 "A rule that must be true of the request and its caller, such as 'param.id == claim.sub or \"admin\" "
                 "in claim.roles'.");
  return section;
}

void check_allow(Reader& reader, const RouteConfig& route, const routing::MatchPattern& pattern) {
  const AllowConfig& allow = route.auth.allow;
  if (!allow.place.known()) return;
  const auto rule = policy::Rule::parse(allow.rule, param_names(pattern));
  if (!rule) {
    reader.error(reader.diagnostics().within(allow.place, allow.rule, rule.error().offset),
                 "allow: " + rule.error().text);
  } else if (route.is_public && rule->asks_who_calls()) {
    reader.error(allow.place, "allow: nothing is known of whoever calls a public route");
  }
}

std::optional<policy::Rule> rule_of(const RouteConfig& route, const routing::MatchPattern& pattern) {
  if (route.auth.allow.rule.empty()) return std::nullopt;
  auto rule = policy::Rule::parse(route.auth.allow.rule, param_names(pattern));
  return rule ? std::optional(*std::move(rule)) : std::nullopt;
}

}  // namespace tandem::gateway
