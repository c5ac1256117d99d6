// TLS in a configuration: certificates, keys and authorities as files or texts, read and checked while the file is
// loaded, so that a start, a reload and `check` fail alike; and what comes of them for listeners and upstreams.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/options.h"
#include "common/config/pem.h"
#include "common/config/section.h"
#include "common/net/tls_context.h"

namespace tandem::config {

struct CertificateConfig {
  PemText cert;
  PemText key;
  Place place;
  std::optional<net::TlsIdentity> identity;  // when both are good and belong together
};

struct ListenerTls {
  std::vector<CertificateConfig> certificates;
  PemText client_ca;             // empty: clients are asked for nothing
  bool client_optional = false;  // who shows no certificate is let in
  Place client_certificate_place;
  std::vector<net::CertificatePtr> authorities;
  Place place;
  std::shared_ptr<const net::TlsServerContext> context;  // after settle_tls()
};

const Section<ListenerTls>& listener_tls_section();

// `tls` of a listener as a key that may be absent; `place` of it is set.
Kind<std::optional<ListenerTls>> listener_tls();

// Makes the context of a listener from what was read, unless that was wrong. `alpn`: what the program speaks there.
void settle_tls(Reader& reader, const std::string& listener, std::optional<ListenerTls>& tls,
                std::vector<std::string> alpn);

// `tls` of an upstream, with its context.
Kind<std::optional<balance::UpstreamTls>> upstream_tls();

// Who is believed when the gateway itself asks a server for something: "system" or a PEM file of authorities. Never
// everybody.
struct Trust {
  std::string verify = "system";
  std::shared_ptr<const net::TlsClientContext> context;  // null: as `verify` says where it is made
};
Kind<Trust> trust();
bool settle_trust(Reader& reader, Place place, Trust& trust);  // with the context, if there is none yet

// What `tls` asks of the upstream's other keys; `place`: the upstream's.
void check_upstream_tls(Reader& reader, const balance::UpstreamOptions& upstream, Place place);

}  // namespace tandem::config
