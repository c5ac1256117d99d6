// `kind = "api_key"`: who shows a key is who it was made for. Keys have 256 bits of chance, so that one SHA-256 of them
// is all that is kept and all that a request costs; what is compared is the hash, so that timing tells nothing of a
// key.
#pragma once
#include <utility>
#include <vector>

#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"

namespace tandem::gateway {

class ApiKey final : public Provider {
 public:
  ApiKey(const AuthConfig& config, std::shared_ptr<AuthHistory> history);

  std::shared_ptr<const Identity> recall(std::string_view key, const Exchange& exchange) const override;
  async::Task<AuthVerdict> verify(std::string_view key, Exchange& exchange) const override;
  std::string challenge(bool refused) const override;

 private:
  std::vector<std::pair<Verified::Hash, std::shared_ptr<const Identity>>> consumers_;  // sorted
};

}  // namespace tandem::gateway
