#include "gateway/auth/mtls.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/auth/consumer.h"
#include "gateway/exchange.h"

namespace tandem::gateway {
namespace {

using Name = MtlsConfig::Name;

constexpr std::uint64_t kTheseRules = 0;  // they are those of the configuration, as long as it lasts

std::string_view claim_of(Name name) {
  switch (name) {
    case Name::subject: return "subject";
    case Name::cn: return "cn";
    case Name::dns: return "dns";
    case Name::uri: return "uri";
    case Name::email: break;
  }
  return "email";
}

// The names that the certificate has of the kind that counts, in its order.
std::vector<std::string> names_in(const json::Value& claims, Name kind) {
  std::vector<std::string> names;
  const json::Value* claim = claims.find(claim_of(kind));
  const auto take = [&names](const json::Value& value) {
    if (value.string() && !value.string()->empty()) names.push_back(*value.string());
  };
  if (claim && claim->array()) std::ranges::for_each(*claim->array(), take);
  if (claim && !claim->array()) take(*claim);
  return names;
}

// Names get into logs, fields and keys of limits.
bool is_clean(const std::string& name) {
  return std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

const ConsumerConfig* listed(const MtlsConfig& config, const std::string& name) {
  const auto found = std::ranges::lower_bound(config.consumers, name, {}, &ConsumerConfig::name);
  return found != config.consumers.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

json::Value claims_of(const net::TlsPeerCertificate& certificate) {
  json::Value claims = json::Value::object();
  claims.add("subject", json::Value::string(certificate.subject));
  if (!certificate.common_name.empty()) claims.add("cn", json::Value::string(certificate.common_name));
  claims.add("issuer", json::Value::string(certificate.issuer));
  claims.add("serial", json::Value::string(certificate.serial));
  claims.add("fingerprint", json::Value::string(certificate.fingerprint));
  claims.add("dns", json::Value::strings(certificate.dns_names));
  claims.add("uri", json::Value::strings(certificate.uris));
  claims.add("email", json::Value::strings(certificate.emails));
  return claims;
}

std::expected<std::shared_ptr<const Identity>, std::string> identity_of_certificate(const AuthConfig& provider,
                                                                                    json::Value claims) {
  const MtlsConfig& config = provider.mtls;
  if (!config.issuers.empty()) {
    const std::string* issuer = claims.string_at("issuer");
    if (!issuer || std::ranges::find(config.issuers, *issuer) == config.issuers.end()) {
      return std::unexpected(fmt::format("the certificate's issuer is {}", issuer ? *issuer : "not known"));
    }
  }
  const std::vector<std::string> names = names_in(claims, config.consumer);
  if (names.empty()) return std::unexpected(fmt::format("the certificate has no {}", claim_of(config.consumer)));
  const ConsumerConfig* consumer = nullptr;
  for (std::size_t i = 0; i < names.size() && !consumer; ++i) consumer = listed(config, names[i]);
  if (!consumer && config.consumers_place.known()) {
    return std::unexpected(fmt::format("no consumer has the name {}", fmt::join(names, " or ")));
  }
  ConsumerConfig plain;
  plain.name = names.front();
  if (!consumer && !is_clean(plain.name)) {
    return std::unexpected(fmt::format("the certificate's {} has control characters", claim_of(config.consumer)));
  }
  auto identity = identity_of(provider.name, consumer ? *consumer : plain, std::move(claims));
  return identity;
}

std::shared_ptr<const Identity> Mtls::recall(std::string_view fingerprint, const Exchange&) const {
  return verified_.find(Verified::hash(fingerprint), kTheseRules, wall_now());
}

async::Task<AuthVerdict> Mtls::verify(std::string_view fingerprint, Exchange& exchange) const {
  assert(exchange.tls && exchange.tls->has_peer_certificate && "that is where the credential was found");
  const net::TlsPeerCertificate& certificate = exchange.tls->peer;
  const WallTime now = wall_now();
  if (certificate.valid_until <= now) co_return std::unexpected(AuthRefusal{"the certificate has expired"});
  auto identity = identity_of_certificate(config(), claims_of(certificate));
  if (!identity) co_return std::unexpected(AuthRefusal{std::move(identity.error())});
  verified_.add(Verified::hash(fingerprint), kTheseRules, certificate.valid_until, now, *identity);
  co_return *std::move(identity);
}

// No scheme is registered for certificates either; this says what is missing.
std::string Mtls::challenge(bool) const { return fmt::format("Certificate realm=\"{}\"", config().name); }

}  // namespace tandem::gateway
