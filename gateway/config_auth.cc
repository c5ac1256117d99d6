#include "gateway/config_auth.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "gateway/config_api_key.h"
#include "gateway/config_basic.h"
#include "gateway/config_forward.h"
#include "gateway/config_introspection.h"
#include "gateway/config_jwt.h"
#include "gateway/config_mtls.h"
#include "gateway/config_policy.h"
#include "gateway/config_source.h"
#include "gateway/filters/authenticate.h"

namespace tandem::gateway {
namespace {

using namespace config;

constexpr std::array kKinds = {AuthKind::jwt,  AuthKind::api_key,       AuthKind::basic,
                               AuthKind::mtls, AuthKind::introspection, AuthKind::forward};

Kind<AuthKind> auth_kind() {
  return words<AuthKind>({{"jwt", AuthKind::jwt},
                          {"api_key", AuthKind::api_key},
                          {"basic", AuthKind::basic},
                          {"mtls", AuthKind::mtls},
                          {"introspection", AuthKind::introspection},
                          {"forward", AuthKind::forward}});
}

Section<AuthConfig> common_keys() {
  return Section<AuthConfig>()
      .field("kind", &AuthConfig::kind, auth_kind(), "What credentials it knows.")
      .required()
      .field("auth_failures", &AuthConfig::auth_failures, rate_or_none(),
             "Refused credentials of one address; beyond that it is answered 429.");
}

// Of credentials that stand in the request.
Section<AuthConfig> request_keys() {
  return common_keys().field("forward_credentials", &AuthConfig::forward_credentials, boolean(),
                             "Whether the service gets the credential too.");
}

Section<AuthConfig> keys_with_place() {
  return request_keys().field("from", &AuthConfig::from, credential_source(),
                              "Where the credential stands: \"header:NAME\", \"query:NAME\" or \"cookie:NAME\"; in "
                              "Authorization behind the word Bearer.");
}

// Of a service that decides: where nothing is said, it is asked about every request.
Section<AuthConfig> keys_with_optional_place() {
  return request_keys().custom(
      "from",
      [](Reader& reader, const Value& value, AuthConfig& to) {
        to.forward.from_place = value.place;
        return credential_source().read(reader, value, to.from);
      },
      [](const AuthConfig& from) -> std::optional<Value> {
        if (from.from.kind == CredentialSource::Kind::request) return std::nullopt;
        return credential_source().show(from.from);
      },
      credential_source().schema,
      "Where the credential stands, so that a request without one needs no asking about: \"header:NAME\", "
      "\"query:NAME\" or \"cookie:NAME\". By default the service is asked about every request.");
}

const Section<AuthConfig>& section_of(AuthKind kind) {
  static const Section<AuthConfig> jwt = keys_with_place().include(jwt_section(), &AuthConfig::jwt);
  static const Section<AuthConfig> api_key =
      keys_with_place().required().include(api_key_section(), &AuthConfig::api_key);
  static const Section<AuthConfig> basic = request_keys().include(basic_section(), &AuthConfig::basic);
  static const Section<AuthConfig> mtls = common_keys().include(mtls_section(), &AuthConfig::mtls);
  static const Section<AuthConfig> introspection =
      keys_with_place().include(introspection_section(), &AuthConfig::introspection);
  static const Section<AuthConfig> forward =
      keys_with_optional_place().include(forward_section(), &AuthConfig::forward);
  switch (kind) {
    case AuthKind::jwt: break;
    case AuthKind::api_key: return api_key;
    case AuthKind::basic: return basic;
    case AuthKind::mtls: return mtls;
    case AuthKind::introspection: return introspection;
    case AuthKind::forward: return forward;
  }
  return jwt;
}

// `good`: so was everything that stands in the section itself. What a file of consumers holds is told in any case.
bool finish_kind(Reader& reader, AuthConfig& read, bool good) {
  switch (read.kind) {
    case AuthKind::jwt: break;
    case AuthKind::api_key: return finish_api_key(reader, read) && good;
    case AuthKind::basic: return finish_basic(reader, read) && good;
    case AuthKind::mtls: return finish_mtls(reader, read) && good;
    case AuthKind::introspection: return finish_introspection(reader, read) && good;
    case AuthKind::forward: return finish_forward(reader, read) && good;
  }
  return good && finish_jwt(reader, read);
}

// Each kind has keys of its own, so that one goes first.
bool read_provider(Reader& reader, const Member& member, AuthConfig& read) {
  const Value& value = member.value;
  if (!value.table()) return reader.expected("a table", value);
  const Value* kind = value.find("kind");
  if (kind && !auth_kind().read(reader, *kind, read.kind)) return false;
  const bool good = section_of(read.kind).read(reader, value, read);
  return finish_kind(reader, read, good);
}

Value providers_schema() {
  Value::Array kinds;
  for (const AuthKind kind : kKinds) kinds.push_back(section_of(kind).schema());
  Value either;
  either.set("anyOf", std::move(kinds));
  return named_tables_schema(std::move(either));
}

Kind<RouteAuth::Member> provider_name() {
  Kind<RouteAuth::Member> kind;
  kind.read = [](Reader& reader, const Value& value, RouteAuth::Member& to) {
    const auto text = reader.text(value, "the name of a provider, or a list of names");
    if (!text) return false;
    to = {*text, value.place};
    return true;
  };
  kind.show = [](const RouteAuth::Member& member) { return std::optional<Value>(member.provider); };
  kind.schema = text().schema;
  return kind;
}

// A name alone is a group of one.
Kind<std::vector<RouteAuth::Member>> one_group() {
  Kind<std::vector<RouteAuth::Member>> group = list(provider_name(), "names of providers");
  group.read = [many = group.read](Reader& reader, const Value& value, std::vector<RouteAuth::Member>& to) {
    if (value.array() && value.array()->empty()) return reader.error(value.place, "the list names no provider");
    if (value.array()) return many(reader, value, to);
    return provider_name().read(reader, value, to.emplace_back());
  };
  group.show = [many = group.show](const std::vector<RouteAuth::Member>& shown) {
    return shown.size() == 1 ? std::optional<Value>(shown.front().provider) : many(shown);
  };
  group.schema = [many = group.schema] {
    Value either;
    either.set("anyOf", Value::Array{text().schema(), many()});
    return either;
  };
  return group;
}

void check_sources(const RouteAuth& auth, Reader& reader, std::span<const AuthConfig> configs) {
  std::vector<CredentialSource> sources;
  for (const auto& group : auth.groups) {
    for (const RouteAuth::Member& member : group) {
      const CredentialSource& from = configs[member.index].from;
      if (std::ranges::find(sources, from) == sources.end()) sources.push_back(from);
    }
  }
  if (sources.size() <= kMaxCredentialSources) return;
  reader.error(auth.place, fmt::format("auth: credentials stand in {} places; a route may look at {}", sources.size(),
                                       kMaxCredentialSources));
}

// Who shows a credential that has no scopes is refused where a route asks for one.
void check_scopes(const RouteAuth& auth, Reader& reader, std::span<const AuthConfig> configs) {
  if (auth.scopes.all.empty() || auth.groups.empty()) return;
  const auto gives = [&](const RouteAuth::Member& member) { return configs[member.index].gives_scopes(); };
  const auto has_giver = [&](const auto& group) { return std::ranges::any_of(group, gives); };
  if (std::ranges::none_of(auth.groups, has_giver)) {
    reader.error(auth.scopes.place,
                 "scopes: no provider of the route gives scopes, so that nobody could call it; only tokens have them");
    return;
  }
  for (const auto& group : auth.groups) {
    if (has_giver(group)) continue;
    reader.warning(group.front().place,
                   fmt::format("auth: {} gives no scopes, so that `scopes` refuses all its callers",
                               quoted(group.front().provider)));
  }
}

}  // namespace

Kind<std::vector<AuthConfig>> auth_providers() {
  Kind<std::vector<AuthConfig>> kind;
  kind.read = [](Reader& reader, const Value& value, std::vector<AuthConfig>& to) {
    if (!value.table()) return reader.expected("[auth.NAME], a table", value);
    bool good = true;
    for (const config::Member& member : *value.table()) {
      good = check_name(reader, "auth", member) && good;
      const auto scope = reader.inside("auth " + quoted(member.key));
      AuthConfig& read = to.emplace_back();
      read.name = member.key;
      read.place = member.value.place.known() ? member.value.place : member.place;
      good = read_provider(reader, member, read) && good;
    }
    return good;
  };
  kind.show = [](const std::vector<AuthConfig>& providers) -> std::optional<Value> {
    if (providers.empty()) return std::nullopt;
    Value shown;
    for (const AuthConfig& provider : providers) shown.set(provider.name, section_of(provider.kind).show(provider));
    return shown;
  };
  kind.schema = &providers_schema;
  kind.names_itself = true;
  return kind;
}

Kind<std::vector<std::vector<RouteAuth::Member>>> auth_groups() {
  auto kind = list(one_group(), "names of providers");
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<std::vector<RouteAuth::Member>>& to) {
    if (value.array() && value.array()->empty()) return reader.error(value.place, "the list names no provider");
    return read(reader, value, to);
  };
  kind.show = [show = kind.show](const std::vector<std::vector<RouteAuth::Member>>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

const Section<RouteAuth>& route_auth_section() {
  static const Section<RouteAuth> section = Section<RouteAuth>()
                                                .field("optional", &RouteAuth::optional, boolean(),
                                                       "Whether a request without a credential passes as nobody's.")
                                                .append(policy_section());
  return section;
}

void resolve_auth(RouteConfig& route, Reader& reader, std::span<const Defined> providers,
                  std::span<const AuthConfig> configs, std::vector<bool>& used) {
  RouteAuth& auth = route.auth;
  if (!auth.place.known() && !route.is_public) {
    reader.error(route.place, "who may call is not said; write `auth` or public = true");
  }
  bool good = true;
  for (auto& group : auth.groups) {
    for (RouteAuth::Member& member : group) {
      const auto index = resolve(reader, "auth", member.provider, member.place, providers);
      good = good && index;
      if (!index) continue;
      member.index = *index;
      used[*index] = true;
    }
  }
  if (good) check_sources(auth, reader, configs);
  if (good) check_scopes(auth, reader, configs);
  if (route.is_public && !auth.scopes.all.empty()) {
    reader.error(auth.scopes.place, "scopes: whoever calls a public route has none");
  }
}

}  // namespace tandem::gateway
