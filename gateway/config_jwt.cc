#include "gateway/config_jwt.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/config/files.h"
#include "gateway/config_helper.h"
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

const Section<JwksConfig>& jwks_section() {
  const Duration least = std::chrono::milliseconds(10), most = std::chrono::hours(24);
  static const Section<JwksConfig> section =
      Section<JwksConfig>()
          .field("file", &JwksConfig::file, unless_empty(path()), "The JWK set's path.")
          .field("url", &JwksConfig::url, http_url(), "Where the issuer publishes it, instead.")
          .field("verify", &JwksConfig::trust, trust(),
                 "Who is believed: \"system\" (this machine's authorities), or a PEM file of authorities.")
          .field("timeout", &JwksConfig::timeout, duration(least, most), "Of one fetch.")
          .field("refetch", &JwksConfig::refetch, duration(least, most),
                 "The least time between two fetches, however many tokens name unknown keys.")
          .field("refresh_min", &JwksConfig::refresh_min, duration(least, most),
                 "The keys are fetched again when the issuer's Cache-Control says so, but not sooner.")
          .field("refresh_max", &JwksConfig::refresh_max, duration(least, most), "And not later.");
  return section;
}

bool read_jwks(Reader& reader, const Value& value, JwtConfig& to) {
  to.keys_place = value.place;
  to.jwks.given = true;
  if (!value.table()) return reader.expected("{ file = \"PATH\" } or { url = \"URL\" }", value);
  if (!jwks_section().read(reader, value, to.jwks)) return false;
  if (!to.jwks.file.empty() && value.table()->size() > 1) {
    return reader.error(value.place, "a file is not fetched: `file` stands alone");
  }
  if (to.jwks.refresh_min <= to.jwks.refresh_max) return true;
  return reader.error(value.place, "refresh_min is longer than refresh_max");
}

std::optional<Value> show_jwks(const JwtConfig& from) {
  if (!from.jwks.given) return std::nullopt;
  Value shown = jwks_section().show(from.jwks);
  if (from.jwks.file.empty()) return shown;
  Value file;
  file.set("file", from.jwks.file);
  return file;
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
  if ((mixed != 0) != secret && (secret || jwt.jwks.file.empty())) {
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

// Where the keys are: in the configuration, or somewhere from where they are fetched.
bool choose_source(Reader& reader, AuthConfig& provider) {
  JwtConfig& jwt = provider.jwt;
  if (int{jwt.jwks.given} + int{jwt.secret.has_value()} + int{!jwt.public_key.empty()} > 1) {
    return reader.error(provider.place, "only one of `jwks`, `public_key` and `secret` can be where the keys are");
  }
  if (jwt.secret || !jwt.public_key.empty() || !jwt.jwks.file.empty()) return true;
  jwt.source = jwt.jwks.url;
  if (!jwt.source && jwt.issuer.empty()) {
    return reader.error(provider.place,
                        "where the keys are is not said; write `issuer`, from which they are found, or `jwks`, "
                        "`public_key` or `secret`");
  }
  if (!jwt.source) {
    const auto url = HttpUrl::parse(jwt.issuer);
    if (!url || url->target.contains('?')) {
      return reader.error(jwt.issuer_place,
                          fmt::format("issuer: {} {}, so the keys cannot be found from it; write where they are: "
                                      "`jwks`, `public_key` or `secret`",
                                      quoted(jwt.issuer), url ? "has a query" : url.error()));
    }
    jwt.source = *url;
  }
  if (!jwt.source->secure && !is_loopback(*jwt.source)) {
    reader.warning(jwt.keys_place.known() ? jwt.keys_place : jwt.issuer_place,
                   "the keys are fetched without TLS: whoever stands between can give others");
  }
  return settle_trust(reader, provider.place, jwt.jwks.trust);
}

bool read_keys(Reader& reader, JwtConfig& jwt) {
  auto set = std::make_shared<jose::KeySet>();
  if (jwt.secret) {
    set->keys.push_back(jose::Key::from_secret(*jwt.secret));
  } else {
    const std::string name = jwt.public_key.empty() ? quoted(jwt.jwks.file) : jwt.public_key.described();
    const auto complain = [&](const std::string& why) { return reader.error(jwt.keys_place, name + ": " + why); };
    if (!jwt.public_key.empty()) {
      auto key = jose::Key::from_pem(jwt.public_key.text);
      if (!key) return complain(key.error());
      set->keys.push_back(*std::move(key));
    } else {
      const auto content = read_file(jwt.jwks.file, jose::kMaxKeySetBytes);
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
          .custom(
              "jwks", read_jwks, show_jwks, [] { return jwks_section().schema(); },
              "Where the issuer's keys are, a JWK set: { file = \"PATH\" } or { url = \"URL\" }; without them, and "
              "without `public_key` and `secret`, they are found from the issuer (OpenID discovery).")
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
  if (!choose_source(reader, provider)) return false;
  if (jwt.issuer.empty() && jwt.audience.empty()) {
    reader.warning(provider.place,
                   "without `issuer` and `audience` every token with that key counts, for whomever it is");
  } else if (jwt.issuer.empty()) {
    reader.warning(provider.place, "without `issuer` tokens of any issuer with that key count");
  } else if (jwt.audience.empty()) {
    reader.warning(provider.place, "without `audience` tokens meant for others count too");
  }
  jwt.type = jose::media_type(jwt.type);
  if (!check_algorithms(reader, jwt)) return false;
  return jwt.source || (read_keys(reader, jwt) && check_fit(reader, jwt, provider.place));
}

}  // namespace tandem::gateway
