// What the file says of [auth.NAME], as plain values with the keys already read: part of GatewayConfig, and what
// providers are made from.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/config/pem.h"
#include "common/config/place.h"
#include "common/config/tls_section.h"
#include "common/limit/rate.h"
#include "gateway/helper/url.h"
#include "gateway/jose/algorithm.h"
#include "gateway/jose/key_set.h"
#include "gateway/passwords/htpasswd.h"

namespace tandem::gateway {

enum class AuthKind : std::uint8_t { jwt, api_key, basic, mtls, introspection, forward };

// Where the credential is: in a request, or with the connection that it came over.
struct CredentialSource {
  enum class Kind : std::uint8_t {
    scheme,  // of Authorization, such as "Bearer"
    header,
    query,
    cookie,
    certificate,  // of the client, as its fingerprint
    request,      // all of it: there always is one, and it is empty
  };
  Kind kind = Kind::scheme;
  std::string name = "Bearer";

  std::string text() const;  // as the file writes it
  bool operator==(const CredentialSource&) const = default;

  // It is there without the client having put it into this request.
  bool is_ambient() const { return kind == Kind::certificate || kind == Kind::request; }
  // Authorization is what it stands in, or is part of it.
  bool holds_authorization() const { return kind == Kind::scheme || kind == Kind::request; }
};

// Where an issuer's keys are, and how they are fetched where that is no file.
struct JwksConfig {
  bool given = false;  // the file has something to say of it
  std::string file;
  std::optional<HttpUrl> url;  // neither: found from the issuer
  config::Trust trust;
  Duration timeout = std::chrono::seconds(3);
  Duration refetch = std::chrono::seconds(3);      // between two fetches, whoever asks
  Duration refresh_min = std::chrono::minutes(1);  // bounds on what the issuer says
  Duration refresh_max = std::chrono::hours(1);
};

struct JwtConfig {
  std::string issuer;  // empty: any
  std::vector<std::string> audience;
  JwksConfig jwks;
  std::optional<std::string> secret;
  config::PemText public_key;
  std::vector<jose::Algorithm> algorithms;
  Duration leeway = Duration::zero();
  std::string type;
  bool require_exp = true;
  std::string consumer = "sub";              // the claim that names the caller
  std::shared_ptr<const jose::KeySet> keys;  // null: they are fetched
  std::optional<HttpUrl> source;             // from where: the URL of the keys, or the issuer
  config::Place issuer_place, audience_place, algorithms_place, secret_place;
  config::Place keys_place;  // of `jwks` or `public_key`
};

// Somebody whom a provider knows by name.
struct ConsumerConfig {
  std::string name;
  std::array<std::uint8_t, 32> key_hash{};  // SHA-256 of the key
  std::vector<std::string> groups;
  std::string plan;  // empty: none
  config::Place place, key_hash_place;
};

struct ApiKeyConfig {
  std::string file;
  std::vector<ConsumerConfig> in_place;   // [[auth.NAME.consumer]]
  std::vector<ConsumerConfig> consumers;  // of both; no name and no hash twice
  config::Place file_place, in_place_place;
};

struct BasicConfig {
  std::string file;                             // of users
  std::string consumers_file;                   // empty: nobody has groups or a plan
  std::string realm;                            // empty: the provider's name
  Duration remember = std::chrono::minutes(1);  // how long a password that was right needs no checking
  std::vector<passwords::User> users;
  std::vector<ConsumerConfig> consumers;  // of users by their names
  config::Place file_place, consumers_place;
};

struct MtlsConfig {
  enum class Name : std::uint8_t { subject, cn, dns, uri, email };
  Name consumer = Name::cn;               // what of a certificate names its holder
  std::vector<std::string> issuers;       // subjects of authorities, as RFC 2253 writes them; none: whoever is trusted
  std::string consumers_file;             // empty: whoever has a name is let in
  std::vector<ConsumerConfig> consumers;  // sorted by name
  config::Place consumers_place;
};

// Who is asked: an upstream of the gateway.
struct HelperConfig {
  std::string endpoint;  // "UPSTREAM PATH"
  std::string upstream, path;
  config::Place place;
  std::size_t index = 0;  // of `upstream` in GatewayConfig::upstreams
  Duration timeout = std::chrono::seconds(2);
};

struct IntrospectionConfig {
  HelperConfig helper;
  std::string client_id;  // empty: the endpoint is shown no credentials
  std::optional<std::string> client_secret;
  config::Place client_id_place, client_secret_place;
  std::string issuer;                 // empty: any
  std::vector<std::string> audience;  // none: any
  Duration leeway = Duration::zero();
  std::string consumer = "sub";              // the member that names the caller
  Duration cache = std::chrono::minutes(1);  // how long an answer counts at most; zero: once
  Duration cache_refused = std::chrono::seconds(10);
};

// A part of what a verdict is remembered under.
struct VerdictKey {
  enum class Kind : std::uint8_t { credential, method, host, path, uri, ip };
  Kind kind = Kind::credential;
  CredentialSource source;
};

struct ForwardConfig {
  HelperConfig helper;
  std::vector<std::string> headers;    // that the service is shown; none: all
  std::vector<std::string> copy;       // fields of its answer that go on with the request
  std::string consumer, groups, plan;  // names of fields of its answer; empty: none
  bool allow_if_unavailable = false;
  struct Cache {
    std::vector<VerdictKey> key;
    Duration keep = Duration::zero();  // zero: each request is asked about
  } cache;
  config::Place from_place, cache_place, if_unavailable_place;
};

struct AuthConfig {
  std::string name;
  config::Place place;
  AuthKind kind = AuthKind::jwt;
  CredentialSource from;
  bool forward_credentials = false;
  std::optional<limit::Rate> auth_failures = limit::Rate{20, std::chrono::minutes(1)};  // per address; none: unlimited
  JwtConfig jwt;
  ApiKeyConfig api_key;
  BasicConfig basic;
  MtlsConfig mtls;
  IntrospectionConfig introspection;
  ForwardConfig forward;

  // Whether its identities may have scopes, which only an issuer gives.
  bool gives_scopes() const { return kind == AuthKind::jwt || kind == AuthKind::introspection; }
  // Whom it asks; null: nobody.
  const HelperConfig* helper() const {
    if (kind == AuthKind::introspection) return &introspection.helper;
    return kind == AuthKind::forward ? &forward.helper : nullptr;
  }
};

// What who calls must be allowed to do. `report`: what it would refuse is counted and logged, and passes.
struct ScopesConfig {
  std::vector<std::string> all;
  bool report = false;
  config::Place place;
};
struct AllowConfig {
  std::string rule;  // see gateway/policy; empty: none
  bool report = false;
  config::Place place;  // of the rule's text
};

// Who may call a route: by one of the groups, each of which needs all of its providers.
struct RouteAuth {
  struct Member {
    std::string provider;
    config::Place place;
    std::size_t index = 0;  // of `provider` in GatewayConfig::auth
  };
  std::vector<std::vector<Member>> groups;  // none: the route asks nobody
  bool optional = false;                    // who shows no credential is let through as nobody
  ScopesConfig scopes;
  AllowConfig allow;
  config::Place place;

  bool empty() const { return groups.empty(); }
};

}  // namespace tandem::gateway
