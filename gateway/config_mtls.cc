#include "gateway/config_mtls.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/config_consumers.h"

namespace tandem::gateway {
namespace {

using namespace config;
using Name = MtlsConfig::Name;

Kind<Name> name_of_holder() {
  return words<Name>(
      {{"subject", Name::subject}, {"cn", Name::cn}, {"dns", Name::dns}, {"uri", Name::uri}, {"email", Name::email}});
}

Kind<std::vector<std::string>> issuers() {
  auto kind = list(text(), "subjects of authorities, such as \"CN=Devices CA,O=Example\"");
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<std::string>& to) {
    if (value.array() && value.array()->empty()) return reader.error(value.place, "the list names no authority");
    return read(reader, value, to);
  };
  kind.show = [show = kind.show](const std::vector<std::string>& shown) {
    return shown.empty() ? std::nullopt : show(shown);
  };
  return kind;
}

}  // namespace

const Section<MtlsConfig>& mtls_section() {
  static const Section<MtlsConfig> section = [] {
    Section<MtlsConfig> made;
    made.field("consumer", &MtlsConfig::consumer, name_of_holder(),
               "What of a certificate names the caller: \"subject\" (all of it, as RFC 2253 writes it), its \"cn\", or "
               "of the alternative names the first \"dns\", \"uri\" or \"email\".")
        .field("issuer", &MtlsConfig::issuers, issuers(),
               "The subjects of the authorities whose certificates count, such as \"CN=Devices CA,O=Example\"; by "
               "default every one that the listener trusts.");
    return with_file(made, "consumers", &MtlsConfig::consumers_file, &MtlsConfig::consumers_place,
                     "Who is let in, with groups and plans, by name: { file = \"PATH\" }, a file of [[consumer]]; read "
                     "again on every reload. Without it whoever has a name is.");
  }();
  return section;
}

bool finish_mtls(Reader& reader, AuthConfig& provider) {
  provider.from = {CredentialSource::Kind::certificate, {}};
  MtlsConfig& mtls = provider.mtls;
  if (mtls.consumers_file.empty()) return true;
  if (!read_consumers(reader, mtls.consumers_file, mtls.consumers_place, consumer_section(), mtls.consumers) ||
      !check_names(reader, mtls.consumers)) {
    return false;
  }
  std::ranges::sort(mtls.consumers, {}, &ConsumerConfig::name);
  return true;
}

void check_certificates_asked(Reader& reader, const GatewayConfig& config) {
  const auto asks = [](const ListenerConfig& listener) {
    return listener.tls && !listener.tls->client_ca.text.empty();
  };
  if (std::ranges::any_of(config.listeners, asks)) return;
  for (const AuthConfig& provider : config.auth) {
    if (provider.kind != AuthKind::mtls) continue;
    const auto scope = reader.inside("auth " + quoted(provider.name));
    reader.error(provider.place,
                 "no listener asks clients for a certificate; write client_ca = \"ca.pem\" in its `tls`");
  }
}

}  // namespace tandem::gateway
