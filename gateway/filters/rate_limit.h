// `rate_limit`: how often somebody may ask. A route has up to two of these filters: limits that go by what is known of
// any request stand before `auth`, those that ask who calls behind it. Each charges all of its limits or none; beyond
// one of them the answer is 429 rate_limited. With mode = "report" a refusal is counted and logged, and passes. Limits
// that are shared cost one call of Redis; while that is out, each does what its if_unavailable says.
#pragma once
#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/warning_pace.h"
#include "gateway/filters/filter.h"
#include "gateway/filters/limit_key.h"
#include "gateway/rate_limit/charge.h"
#include "gateway/rate_limit/limit.h"

namespace tandem::gateway {

class RateLimit final : public Filter {
 public:
  struct Member {
    std::shared_ptr<const Limit> limit;
    LimitKey key;
    std::uint32_t cost = 1;
    bool report = false;
  };
  // At least one and at most kMostLimits, each of another limit, and all that are shared by the same Redis.
  explicit RateLimit(std::vector<Member> members);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  using Charges = std::array<Charge, kMostLimits>;
  enum class Verdict : std::uint8_t { admitted, refused, unknown };  // unknown: Redis did not say

  Charges charges_for(const Exchange& exchange) const;
  async::Task<Result<Response>> handle_shared(Exchange& exchange, Next next, Charges charges) const;
  async::Task<Result<Verdict>> ask(Exchange& exchange, std::span<Charge> shared) const;
  async::Task<Result<Response>> conclude(Exchange& exchange, Next next, std::span<const Charge> charges,
                                         bool admitted) const;

  std::vector<Member> members_;  // those of this process first
  std::size_t own_ = 0;          // how many these are
  std::string redis_;            // where the others are; empty: there are none
  mutable WarningPace pace_;
};

}  // namespace tandem::gateway
