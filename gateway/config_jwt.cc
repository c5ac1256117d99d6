#include "gateway/config_jwt.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/config/files.h"
#include "gateway/jose/token.h"

namespace tandem::gateway {
namespace {

using namespace config;
using jose::Algorithm;

Kind<Algorithm> algorithm() {
  std::vector<std::pair<std::string, Algorithm>> choices;
  for (const auto& [name, value] : jose::kAlgorithms) choices.emplace_back(name, value);
  return words<Algorithm>(std::move(choices));
}

bool read_jwks(Reader& reader, const Value& value, JwtConfig& to) {
  static const Section<JwtConfig> section =
      Section<JwtConfig>().field("file", &JwtConfig::jwks_file, path(), "The JWK set's path.").required();
  to.keys_place = value.place;
  if (!value.table()) return reader.expected("{ file = \"PATH\" }", value);
  return section.read(reader, value, to);
}

std::optional<Value> show_jwks(const JwtConfig& from) {
  if (from.jwks_file.empty()) return std::nullopt;
  Value shown;
  shown.set("file", from.jwks_file);
  return shown;
}

Value jwks_schema() {
  Value file, schema;
  file.set("file", text().schema());
  schema.set("type", "object").set("properties", std::move(file));
  return schema;
}

// What is signed with a secret and what with a key pair must not be mixed: a public key would do as a secret.
bool check_algorithms(Reader& reader, JwtConfig& jwt) {
  const bool secret = jwt.secret.has_value();
  if (jwt.algorithms.empty() && !jwt.algorithms_place.known()) {
    jwt.algorithms =
        secret ? std::vector{Algorithm::hs256} : std::vector{Algorithm::rs256, Algorithm::es256, Algorithm::eddsa};
    return true;
  }
  if (jwt.algorithms.empty()) return reader.error(jwt.algorithms_place, "algorithms: the list is empty");
  const auto symmetric = [](Algorithm a) { return jose::family(a) == jose::Family::hs; };
  const auto mixed = std::ranges::count_if(jwt.algorithms, symmetric);
  if (mixed != 0 && mixed != std::ssize(jwt.algorithms)) {
    return reader.error(jwt.algorithms_place,
                        "algorithms: those with a secret (HS…) and those with a public key exclude each other");
  }
  if ((mixed != 0) != secret && (secret || jwt.jwks_file.empty())) {
    return reader.error(jwt.algorithms_place, secret ? "algorithms: a secret is for HS256, HS384 and HS512 only"
                                                     : "algorithms: HS256, HS384 and HS512 need a `secret`");
  }
  return true;
}

// Keys that can never be used are found at load.
bool check_fit(Reader& reader, const JwtConfig& jwt, Place place) {
  const auto fits = [&](Algorithm algorithm) {
    return std::ranges::any_of(jwt.keys->keys, [&](const jose::Key& key) { return key.fits(algorithm); });
  };
  if (jwt.secret) {
    const auto too_short = std::ranges::find_if_not(jwt.algorithms, fits);
    if (too_short == jwt.algorithms.end()) return true;
    return reader.error(jwt.secret_place, fmt::format("secret: {} needs one of at least {} bytes",
                                                      jose::name_of(*too_short), jose::hash_size(*too_short)));
  }
  if (std::ranges::any_of(jwt.algorithms, fits)) return true;
  std::vector<std::string_view> names;
  for (const Algorithm one : jwt.algorithms) names.push_back(jose::name_of(one));
  return reader.error(place, fmt::format("none of its keys is one for {} (it has {})", fmt::join(names, ", "),
                                         jwt.keys->keys.front().describe()));
}

bool read_keys(Reader& reader, JwtConfig& jwt) {
  auto set = std::make_shared<jose::KeySet>();
  if (jwt.secret) {
    set->keys.push_back(jose::Key::from_secret(*jwt.secret));
  } else {
    const std::string name = jwt.public_key.empty() ? quoted(jwt.jwks_file) : jwt.public_key.described();
    const auto complain = [&](const std::string& why) { return reader.error(jwt.keys_place, name + ": " + why); };
    if (!jwt.public_key.empty()) {
      auto key = jose::Key::from_pem(jwt.public_key.text);
      if (!key) return complain(key.error());
      set->keys.push_back(*std::move(key));
    } else {
      const auto content = read_file(jwt.jwks_file, jose::kMaxKeySetBytes);
      if (!content) return reader.error(jwt.keys_place, content.error().detail);
      auto parsed = jose::parse_key_set(*content, true);
      if (!parsed) return complain(parsed.error());
      for (const std::string& why : parsed->left_out) reader.warning(jwt.keys_place, name + ": left out: " + why);
      *set = std::move(parsed->set);
    }
  }
  jwt.keys = std::move(set);
  return true;
}

}  // namespace

const Section<JwtConfig>& jwt_section() {
  static const Section<JwtConfig> section =
      Section<JwtConfig>()
          .field("issuer", &JwtConfig::issuer, unless_empty(text()),
                 "What `iss` must be; without it any issuer will do.")
          .at(&JwtConfig::issuer_place)
          .field("audience", &JwtConfig::audience, list(text(), "audiences"),
                 "One of these must be in `aud`; without it the token may be for anybody.")
          .at(&JwtConfig::audience_place)
          .custom("jwks", read_jwks, show_jwks, jwks_schema,
                  "Where the issuer's keys are: { file = \"PATH\" }, a JWK set.")
          .field("secret", &JwtConfig::secret, config::secret(), "What the issuer signs with (HS256, HS384, HS512).")
          .at(&JwtConfig::secret_place)
          .field("public_key", &JwtConfig::public_key, pem(false),
                 "The issuer's only key, or a certificate of it: a PEM file's path, or the text.")
          .at(&JwtConfig::keys_place)
          .field("algorithms", &JwtConfig::algorithms, list(algorithm(), "algorithms"),
                 "Which signatures count; the token does not choose. By default HS256 with a secret, else RS256, ES256 "
                 "and "
                 "EdDSA.")
          .at(&JwtConfig::algorithms_place)
          .field("leeway", &JwtConfig::leeway, duration(Duration::zero(), std::chrono::minutes(10)),
                 "How far the issuer's clock may be away from ours.")
          .field("type", &JwtConfig::type, unless_empty(text()), "What `typ` must be, such as \"at+jwt\".")
          .field("require_exp", &JwtConfig::require_exp, boolean(), "Whether a token without an end is refused.")
          .field("consumer", &JwtConfig::consumer, text(), "The claim that names the caller.");
  return section;
}

bool finish_jwt(Reader& reader, AuthConfig& provider) {
  JwtConfig& jwt = provider.jwt;
  const int sources = int{!jwt.jwks_file.empty()} + int{jwt.secret.has_value()} + int{!jwt.public_key.empty()};
  if (sources == 0) {
    return reader.error(provider.place, "where the keys are is not said; write `jwks`, `public_key` or `secret`");
  }
  if (sources > 1) {
    return reader.error(provider.place, "only one of `jwks`, `public_key` and `secret` can be where the keys are");
  }
  if (jwt.issuer.empty() && jwt.audience.empty()) {
    reader.warning(provider.place,
                   "without `issuer` and `audience` every token with that key counts, for whomever it is");
  } else if (jwt.issuer.empty()) {
    reader.warning(provider.place, "without `issuer` tokens of any issuer with that key count");
  } else if (jwt.audience.empty()) {
    reader.warning(provider.place, "without `audience` tokens meant for others count too");
  }
  jwt.type = jose::media_type(jwt.type);
  return check_algorithms(reader, jwt) && read_keys(reader, jwt) && check_fit(reader, jwt, provider.place);
}

}  // namespace tandem::gateway
