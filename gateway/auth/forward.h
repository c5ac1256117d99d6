// `kind = "forward"`: a service of its own decides who may. It is asked what the client asks (the head, never the
// body), and its answer is the verdict: 2xx lets through, with fields of it for the service behind; 401, 403 and
// redirects are the client's answer.
#pragma once
#include "gateway/auth/availability.h"
#include "gateway/auth/flights.h"
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"
#include "gateway/helper/service.h"

namespace tandem::gateway {

class Forward final : public Provider {
 public:
  // `helper` may be null where nobody will call it.
  Forward(const AuthConfig& config, std::shared_ptr<AuthHistory> history, std::shared_ptr<const HelperService> helper);

  std::shared_ptr<const Identity> recall(std::string_view credential, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view credential, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;
  void write_status(JsonWriter& json) const override;

 private:
  // Under what its verdict is remembered; nothing: it is not.
  std::optional<Verified::Hash> mark_of(const Exchange& exchange) const;
  async::Task<AuthVerdict> ask(std::string_view credential, Exchange& exchange) const;
  async::Task<AuthVerdict> ask_and_keep(std::string_view credential, Verified::Hash mark, Exchange& exchange) const;
  AuthVerdict unavailable(std::string why) const;
  AuthVerdict judge(HelperService::Answer answer, bool shown) const;
  std::shared_ptr<const Identity> identity_of(const HelperService::Answer& answer) const;

  const std::shared_ptr<const HelperService> helper_;
  const Availability availability_;
  mutable Verified allowed_;
  mutable Flights flights_;
};

}  // namespace tandem::gateway
