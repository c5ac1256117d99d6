// The certificates that listeners show: the member "certificates" of /status, and when they expire as a metric.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_writer.h"
#include "common/config/tls_section.h"
#include "common/observe/metrics_text.h"

namespace tandem::observe {

// Views must outlive their use.
struct ShownCertificate {
  std::string_view listener;
  const net::TlsIdentity* identity;
};

// Those of all listeners of a program's configuration that end TLS.
template <class Listeners>
std::vector<ShownCertificate> shown_certificates(const Listeners& listeners) {
  std::vector<ShownCertificate> all;
  for (const auto& listener : listeners) {
    if (!listener.tls) continue;
    for (const config::CertificateConfig& one : listener.tls->certificates) {
      if (one.identity) all.push_back({listener.name, &*one.identity});
    }
  }
  return all;
}

// Writes an array of {"listener", "names": […], "not_before", "not_after", "expires_in_s", "problem"}, who expires
// first in front. It is the shortest life of the chain that counts.
void write_certificates(JsonWriter& json, const std::vector<ShownCertificate>& certificates);

// `<program>_certificate_expiry_timestamp_seconds{listener,certificate}`: since 1970. A certificate is called by its
// first name; of those of the same name at a listener the first to expire counts.
void collect_certificates(MetricSamples& samples, std::string_view program,
                          const std::vector<ShownCertificate>& certificates);

}  // namespace tandem::observe
