// `scopes` and `allow`: what a caller who is known may do. Runs behind `auth`. What was missing stands in the log only.
// With mode = "report" a refusal is counted and logged, and the request goes on.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/counters.h"
#include "common/base/warning_pace.h"
#include "gateway/config.h"
#include "gateway/filters/filter.h"
#include "gateway/policy/rule.h"

namespace tandem::gateway {

class Authorize final : public Filter {
 public:
  // `rule`: that of the route's `allow`.
  Authorize(const RouteConfig& route, std::optional<policy::Rule> rule);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  bool reports(bool only, Counter counter, const Exchange& exchange, const std::string& missing) const;

  const std::string route_;
  const bool is_public_;
  const ScopesConfig scopes_;
  const std::optional<policy::Rule> rule_;
  const bool rule_reports_;
  Counter scopes_missed_, rule_missed_;  // that were only reported
  mutable WarningPace pace_;
};

// The first of the scopes that the identity lacks; null: none. An identity that is null has no scopes.
const std::string* missing_scope(const std::vector<std::string>& scopes, const Identity* identity);

}  // namespace tandem::gateway
