// `kind = "introspection"`: tokens that say nothing themselves; who has issued them is asked what they mean (RFC 7662).
// What was said of a token counts for a while, at most until the token ends, so that the same one is not asked about
// for every request.
#pragma once
#include "gateway/auth/availability.h"
#include "gateway/auth/flights.h"
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"
#include "gateway/jose/verify.h"

namespace tandem::gateway {

class HelperService;

// What an answer about a token must say.
jose::Rules rules_of(const IntrospectionConfig& config);

class Introspection final : public Provider {
 public:
  // `helper` may be null where nobody will call it.
  Introspection(const AuthConfig& config, std::shared_ptr<AuthHistory> history,
                std::shared_ptr<const HelperService> helper);

  std::shared_ptr<const Identity> recall(std::string_view token, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view token, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;
  void write_status(JsonWriter& json) const override;

 private:
  async::Task<AuthVerdict> ask(std::string_view token, const Verified::Hash& mark, Exchange& exchange) const;
  std::expected<json::Value, std::string> read(int status, const std::string& body) const;
  AuthVerdict judge(json::Value answer, const Verified::Hash& mark) const;
  AuthVerdict refuse(std::string why, const Verified::Hash& mark) const;

  const std::shared_ptr<const HelperService> helper_;
  const jose::Rules rules_;
  const std::string authorization_;  // the gateway's own credentials; empty: none
  const Availability availability_;
  mutable Verified active_, refused_;
  mutable Flights flights_;
};

}  // namespace tandem::gateway
