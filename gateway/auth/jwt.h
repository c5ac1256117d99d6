// `kind = "jwt"`: bearer tokens that an issuer has signed (RFC 6750, RFC 7519). What is checked stands in gateway/jose;
// here are the keys, what is remembered, and what a token says of its holder.
#pragma once
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"
#include "gateway/jose/verify.h"

namespace tandem::gateway {

jose::Rules rules_of(const JwtConfig& config);

class Jwt final : public Provider {
 public:
  Jwt(const AuthConfig& config, std::shared_ptr<AuthHistory> history);

  std::shared_ptr<const Identity> recall(std::string_view token) const override;
  async::Task<AuthVerdict> verify(std::string_view token) const override;
  std::string challenge(bool refused) const override;

 private:
  const jose::Rules rules_;
  mutable Verified verified_;
};

}  // namespace tandem::gateway
