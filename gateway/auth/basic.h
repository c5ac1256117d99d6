// `kind = "basic"`: names and passwords (RFC 7617). A password is checked by a slow hash, which is why that happens off
// the loop, in a lane that all providers share; one that was right is remembered for a short time. Whether a name is
// known shows in nothing, not in the time either: who is unknown is checked against the hash of somebody.
#pragma once
#include <string>
#include <unordered_map>

#include "gateway/auth/flights.h"
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"

namespace tandem::gateway {

class Basic final : public Provider {
 public:
  Basic(const AuthConfig& config, std::shared_ptr<AuthHistory> history);

  std::shared_ptr<const Identity> recall(std::string_view credential, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view credential, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;

 private:
  struct Known {
    passwords::PasswordHash hash;
    std::shared_ptr<const Identity> identity;
  };

  Verified::Hash mark_of(std::string_view credential) const;
  async::Task<AuthVerdict> look(std::string_view credential, const Verified::Hash& mark,
                                const Exchange& exchange) const;

  const std::string salt_;  // so that what is remembered is worth nothing outside this process
  std::vector<Known> users_;
  std::unordered_map<std::string, std::size_t> by_name_;
  mutable Verified verified_;
  mutable Flights flights_;
};

}  // namespace tandem::gateway
