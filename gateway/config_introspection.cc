#include "gateway/config_introspection.h"

#include "gateway/config_endpoint.h"

namespace tandem::gateway {

using namespace config;

const Section<IntrospectionConfig>& introspection_section() {
  static const Section<IntrospectionConfig> section =
      Section<IntrospectionConfig>()
          .include(endpoint_section(), &IntrospectionConfig::helper)
          .field("client_id", &IntrospectionConfig::client_id, unless_empty(text()),
                 "As whom the gateway asks; without it the endpoint is shown no credentials.")
          .at(&IntrospectionConfig::client_id_place)
          .field("client_secret", &IntrospectionConfig::client_secret, secret(), "And its secret.")
          .at(&IntrospectionConfig::client_secret_place)
          .field("issuer", &IntrospectionConfig::issuer, unless_empty(text()),
                 "What the answer's `iss` must be; without it anything.")
          .field("audience", &IntrospectionConfig::audience, list(text(), "audiences"),
                 "One of these must be in the answer's `aud`; without it the token may be for anybody.")
          .field("leeway", &IntrospectionConfig::leeway, duration(Duration::zero(), std::chrono::minutes(10)),
                 "How far the issuer's clock may be away from ours.")
          .field("consumer", &IntrospectionConfig::consumer, text(), "The member of the answer that names the caller.")
          .field("cache", &IntrospectionConfig::cache, duration_or_none(std::chrono::milliseconds(1), Duration::zero()),
                 "How long an answer counts, at most until the token ends; \"none\": each request is asked about.")
          .field("cache_refused", &IntrospectionConfig::cache_refused,
                 duration_or_none(std::chrono::milliseconds(1), Duration::zero()),
                 "How long a token that was refused is not asked about again.");
  return section;
}

bool finish_introspection(Reader& reader, AuthConfig& provider) {
  const IntrospectionConfig& config = provider.introspection;
  if (config.client_secret && config.client_id.empty()) {
    return reader.error(config.client_secret_place, "client_secret: whose it is is not said; write `client_id`");
  }
  if (!config.client_id.empty() && !config.client_secret) {
    return reader.error(config.client_id_place, "client_id needs its `client_secret`");
  }
  if (config.audience.empty()) {
    reader.warning(provider.place, "without `audience` tokens meant for others count too");
  }
  return true;
}

}  // namespace tandem::gateway
