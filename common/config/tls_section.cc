#include "common/config/tls_section.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/host_name.h"

namespace tandem::config {
namespace {

Place place_of(const Value& table, std::string_view key) {
  const Value* found = table.find(key);
  return found ? found->place : table.place;
}

std::optional<std::vector<net::CertificatePtr>> certificates_of(Reader& reader, Place place, const PemText& pem) {
  auto parsed = net::parse_certificates(pem.text);
  if (!parsed) {
    reader.error(place, fmt::format("{}: {}", pem.described(), parsed.error().detail));
    return std::nullopt;
  }
  return *std::move(parsed);
}

// Certificate and key as one, if each can be read and they belong together.
std::optional<net::TlsIdentity> identity_of(Reader& reader, const PemText& cert, Place cert_place, const PemText& key,
                                            Place key_place) {
  auto chain = certificates_of(reader, cert_place, cert);
  auto parsed = net::parse_private_key(key.text);
  if (!parsed) reader.error(key_place, fmt::format("{}: {}", key.described(), parsed.error().detail));
  if (!chain || !parsed) return std::nullopt;
  if (!net::is_key_of(*parsed, chain->front())) {
    reader.error(key_place, fmt::format("the key is not that of the certificate {}", cert.described()));
    return std::nullopt;
  }
  for (const net::CertificatePtr& one : *chain) {
    if (const auto problem = net::validity_problem(one)) {
      reader.warning(cert_place, fmt::format("{}: {} {}", cert.described(),
                                             one == chain->front() ? "it" : "a certificate of its chain", *problem));
    }
  }
  return net::TlsIdentity{*std::move(chain), *std::move(parsed)};
}

const Section<CertificateConfig>& certificate_keys() {
  static const Section<CertificateConfig> section =
      Section<CertificateConfig>()
          .field("cert", &CertificateConfig::cert, pem(false),
                 "The certificate, with the chain below it: a PEM file's path, or the text.")
          .required()
          .field("key", &CertificateConfig::key, pem(true), "Its private key: a PEM file's path, or the text.")
          .required();
  return section;
}

// The list of certificates, each of them put together with its key as it is read.
Kind<std::vector<CertificateConfig>> certificate_list() {
  auto kind = tables<CertificateConfig>("certificate", {"cert"}, certificate_keys(), &CertificateConfig::place);
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::vector<CertificateConfig>& to) {
    if (!read(reader, value, to)) return false;
    if (to.empty()) return reader.error(value.place, "certificates: the list is empty");
    bool good = true;
    for (std::size_t i = 0; i < to.size(); ++i) {
      const Value& item = (*value.array())[i];
      const auto scope = reader.inside("certificate");
      to[i].identity = identity_of(reader, to[i].cert, place_of(item, "cert"), to[i].key, place_of(item, "key"));
      good = good && to[i].identity;
    }
    return good;
  };
  return kind;
}

}  // namespace

const Section<ListenerTls>& listener_tls_section() {
  static const Section<ListenerTls> section =
      Section<ListenerTls>()
          .field("certificates", &ListenerTls::certificates, certificate_list(),
                 "What is shown to clients: by the name they ask for, exact before wildcard; the first one where none "
                 "fits.")
          .required()
          .custom(
              "client_ca",
              [](Reader& reader, const Value& value, ListenerTls& to) {
                if (!read_pem(reader, value, false, to.client_ca)) return false;
                auto parsed = certificates_of(reader, value.place, to.client_ca);
                if (!parsed) return false;
                to.authorities = *std::move(parsed);
                return true;
              },
              [](const ListenerTls& tls) { return pem(false).show(tls.client_ca); }, [] { return pem(false).schema(); },
              "Clients must show a certificate that one of these authorities has signed: a PEM file's path, or the "
              "text.")
          .field("client_certificate", &ListenerTls::client_optional,
                 words<bool>({{"required", false}, {"optional", true}}),
                 "With client_ca: whether a client without a certificate is refused, or let in. One that is shown must "
                 "be good in any case.")
          .at(&ListenerTls::client_certificate_place);
  return section;
}

Kind<std::optional<ListenerTls>> listener_tls() {
  auto kind = maybe_table(listener_tls_section());
  kind.read = [read = kind.read](Reader& reader, const Value& value, std::optional<ListenerTls>& to) {
    const bool good = read(reader, value, to);
    if (to) to->place = value.place;
    return good;
  };
  return kind;
}

void settle_tls(Reader& reader, const std::string& listener, std::optional<ListenerTls>& tls,
                std::vector<std::string> alpn) {
  if (tls && tls->client_certificate_place.known() && tls->client_ca.text.empty()) {
    reader.error(tls->client_certificate_place,
                 "client_certificate counts only with client_ca: who may sign certificates of clients");
  }
  if (!tls || tls->certificates.empty() || reader.diagnostics().has_errors()) return;
  net::TlsServerOptions options{.name = listener,
                                .identities = {},
                                .client_ca = tls->authorities,
                                .client_may_be_unknown = tls->client_optional,
                                .alpn = std::move(alpn)};
  for (const CertificateConfig& certificate : tls->certificates) {
    if (!certificate.identity) return;
    options.identities.push_back(*certificate.identity);
  }
  auto made = net::TlsServerContext::make(options);
  if (!made) {
    reader.error(tls->place, "tls: the certificates cannot be used: " + made.error().detail);
    return;
  }
  tls->context = *std::move(made);
}

// ---- upstreams

namespace {

// As the file says it; what is not shown of balance::UpstreamTls.
struct RawUpstreamTls {
  balance::UpstreamTls shown;
  PemText ca, certificate, key;
};

bool read_verify(Reader& reader, const Value& value, RawUpstreamTls& to) {
  if (value.text() && (*value.text() == "system" || *value.text() == "off")) {
    to.shown.verify = *value.text();
    return true;
  }
  if (!read_pem(reader, value, false, to.ca)) return false;
  to.shown.verify = to.ca.path.empty() ? to.ca.text : to.ca.path;
  return true;
}

// A name for SNI, or an address to look for in the certificate.
Kind<std::string> server_name() {
  Kind<std::string> kind = text();
  kind.read = [](Reader& reader, const Value& value, std::string& to) {
    const auto text = reader.text(value, "a host name");
    if (!text) return false;
    if (IpAddress::parse(*text)) {
      to = *text;
      return true;
    }
    const auto name = normal_host_name(*text);
    if (!name) return reader.error(value.place, quoted(*text) + " is not a host name");
    to = *name;
    return true;
  };
  return kind;
}

std::optional<Value> unless_blank(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<Value>(text);
}

const Section<RawUpstreamTls>& upstream_tls_section() {
  static const Section<balance::UpstreamTls> name = Section<balance::UpstreamTls>().field(
      "server_name", &balance::UpstreamTls::server_name, unless_empty(server_name()),
      "The name that is asked for (SNI) and must stand in the certificate; by default the server's address.");
  static const Section<RawUpstreamTls> section =
      Section<RawUpstreamTls>()
          .custom(
              "verify", read_verify, [](const RawUpstreamTls& tls) { return unless_blank(tls.shown.verify); },
              [] { return text().schema(); },
              "Who is believed: \"system\" (this machine's authorities), a PEM file of authorities, or \"off\": "
              "anybody, "
              "so that whoever stands between can read along.")
          .include(name, &RawUpstreamTls::shown)
          .custom(
              "certificate",
              [](Reader& reader, const Value& value, RawUpstreamTls& to) {
                return read_pem(reader, value, false, to.certificate);
              },
              [](const RawUpstreamTls& tls) { return unless_blank(tls.shown.certificate); },
              [] { return text().schema(); },
              "What is shown to servers that ask for a certificate: a PEM file's path, or the text.")
          .field("key", &RawUpstreamTls::key, pem(true), "Its private key: a PEM file's path, or the text.");
  return section;
}

bool make_context(Reader& reader, const Value& value, RawUpstreamTls& raw) {
  net::TlsClientOptions options;
  options.server_name = raw.shown.server_name;
  using Verify = net::TlsClientOptions::Verify;
  options.verify = raw.shown.verify == "system" ? Verify::system : raw.shown.verify == "off" ? Verify::off : Verify::ca;
  if (options.verify == Verify::off) {
    reader.warning(place_of(value, "verify"),
                   "verify = \"off\": servers are believed whoever they are; name their authority instead");
  }
  if (options.verify == Verify::ca) {
    auto authorities = certificates_of(reader, place_of(value, "verify"), raw.ca);
    if (!authorities) return false;
    options.ca = *std::move(authorities);
  }
  if (raw.certificate.text.empty() != raw.key.text.empty()) {
    return reader.error(
        value.place, raw.key.text.empty() ? "\"certificate\" needs its \"key\"" : "\"key\" needs its \"certificate\"");
  }
  if (!raw.certificate.text.empty()) {
    options.identity =
        identity_of(reader, raw.certificate, place_of(value, "certificate"), raw.key, place_of(value, "key"));
    if (!options.identity) return false;
  }
  auto made = net::TlsClientContext::make(options);
  if (!made) return reader.error(value.place, "cannot be used: " + made.error().detail);
  raw.shown.context = *std::move(made);
  raw.shown.certificate = raw.certificate.path.empty() ? raw.certificate.text : raw.certificate.path;
  raw.shown.key = raw.key.path.empty() && !raw.key.text.empty() ? "********" : raw.key.path;
  return true;
}

}  // namespace

Kind<std::optional<balance::UpstreamTls>> upstream_tls() {
  Kind<std::optional<balance::UpstreamTls>> kind;
  kind.read = [](Reader& reader, const Value& value, std::optional<balance::UpstreamTls>& to) {
    RawUpstreamTls raw;
    if (!upstream_tls_section().read(reader, value, raw) || !make_context(reader, value, raw)) return false;
    to = std::move(raw.shown);
    return true;
  };
  kind.show = [](const std::optional<balance::UpstreamTls>& tls) -> std::optional<Value> {
    if (!tls) return std::nullopt;
    return upstream_tls_section().show({*tls, {}, {}, {tls->key, {}}});
  };
  kind.schema = [] { return upstream_tls_section().schema(); };
  return kind;
}

Kind<Trust> trust() {
  Kind<Trust> kind;
  kind.read = [](Reader& reader, const Value& value, Trust& to) {
    to = {};
    if (value.text() && *value.text() == "system") return true;
    PemText ca;
    if (!read_pem(reader, value, false, ca)) return false;
    auto authorities = certificates_of(reader, value.place, ca);
    if (!authorities) return false;
    auto made = net::TlsClientContext::make({.verify = net::TlsClientOptions::Verify::ca,
                                             .ca = *std::move(authorities),
                                             .server_name = {},
                                             .identity = {},
                                             .alpn = {"http/1.1"}});
    if (!made) return reader.error(value.place, "cannot be used: " + made.error().detail);
    to = {ca.path.empty() ? ca.text : ca.path, *std::move(made)};
    return true;
  };
  kind.show = [](const Trust& shown) { return std::optional<Value>(shown.verify); };
  kind.schema = [] { return text().schema(); };
  return kind;
}

bool settle_trust(Reader& reader, Place place, Trust& trust) {
  if (trust.context) return true;
  auto made = net::TlsClientContext::make({.verify = net::TlsClientOptions::Verify::system,
                                           .ca = {},
                                           .server_name = {},
                                           .identity = {},
                                           .alpn = {"http/1.1"}});
  if (!made) return reader.error(place, "TLS cannot be used: " + made.error().detail);
  trust.context = *std::move(made);
  return true;
}

void check_upstream_tls(Reader& reader, const balance::UpstreamOptions& upstream, Place place) {
  if (!upstream.tls || upstream.tls->verify == "off" || !upstream.tls->server_name.empty()) return;
  if (std::ranges::none_of(upstream.servers, [](const auto& server) { return server.address.is_unix(); })) return;
  reader.error(place,
               fmt::format("upstream {}: tls: a server at a unix socket has no name to verify; write server_name",
                           quoted(upstream.name)));
}

}  // namespace tandem::config
