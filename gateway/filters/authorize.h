// `scopes`: what a caller who is known may do. Runs behind `auth`. What was missing stands in the log only.
#pragma once
#include <string>
#include <vector>

#include "gateway/filters/filter.h"

namespace tandem::gateway {

class Authorize final : public Filter {
 public:
  explicit Authorize(std::vector<std::string> scopes) : scopes_(std::move(scopes)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const std::vector<std::string> scopes_;
};

}  // namespace tandem::gateway
