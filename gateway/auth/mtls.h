// `kind = "mtls"`: who has shown a certificate when the connection began is who it was made for. The listener's
// `client_ca` has verified it by then; here it gets a name, and an end, for a connection may last longer than its
// certificate.
#pragma once
#include <expected>
#include <memory>
#include <string>

#include "common/net/tls_facts.h"
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"

namespace tandem::gateway {

// What a certificate says, as claims: subject, cn, issuer, serial, fingerprint as texts; dns, uri, email as lists.
json::Value claims_of(const net::TlsPeerCertificate& certificate);

// Whom a verified certificate with these claims speaks of by the provider's rules, or why nobody.
std::expected<std::shared_ptr<const Identity>, std::string> identity_of_certificate(const AuthConfig& provider,
                                                                                    json::Value claims);

class Mtls final : public Provider {
 public:
  Mtls(const AuthConfig& config, std::shared_ptr<AuthHistory> history) : Provider(config, std::move(history)) {}

  // The credential is the certificate's fingerprint; the rest is known of the exchange's connection.
  std::shared_ptr<const Identity> recall(std::string_view fingerprint, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view fingerprint, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;

 private:
  mutable Verified verified_;
};

}  // namespace tandem::gateway
