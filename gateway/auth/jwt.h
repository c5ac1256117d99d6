// `kind = "jwt"`: bearer tokens that an issuer has signed (RFC 6750, RFC 7519). What is checked stands in gateway/jose;
// here are the keys, what is remembered, and what a token says of its holder.
#pragma once
#include "gateway/auth/provider.h"
#include "gateway/auth/remote_keys.h"
#include "gateway/auth/verified.h"
#include "gateway/jose/verify.h"

namespace tandem::gateway {

jose::Rules rules_of(const JwtConfig& config);

class Jwt final : public Provider {
 public:
  // `remote`: for one whose keys are not in its configuration.
  Jwt(const AuthConfig& config, std::shared_ptr<AuthHistory> history, std::shared_ptr<RemoteKeys> remote);

  std::shared_ptr<const Identity> recall(std::string_view token, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view token, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;
  void write_status(JsonWriter& json) const override;

 private:
  PublishedKeys keys() const;
  std::uint64_t keys_version() const;
  async::Task<std::expected<PublishedKeys, AuthRefusal>> keys_that_signed(const jose::Token& token) const;

  const jose::Rules rules_;
  const std::shared_ptr<RemoteKeys> remote_;  // null: the keys are those of the configuration
  mutable Verified verified_;
};

}  // namespace tandem::gateway
