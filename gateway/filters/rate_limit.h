// `rate_limit`: how often somebody may ask. A route has up to two of these filters: limits that go by what is known of
// any request stand before `auth`, those that ask who calls behind it. Each charges all of its limits or none; beyond
// one of them the answer is 429 rate_limited. With mode = "report" a refusal is counted and logged, and passes.
#pragma once
#include <memory>
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
  // At least one and at most kMostLimits, each of another limit.
  explicit RateLimit(std::vector<Member> members) : members_(std::move(members)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const std::vector<Member> members_;
  mutable WarningPace pace_;
};

}  // namespace tandem::gateway
