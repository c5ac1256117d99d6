// What a successful unsafe request makes of stored answers (RFC 9111 §4.4, RFC 9875 §3): those for its own URL, for the
// ones that Location and Content-Location name at the same origin, and those of the groups that the answer names go.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "gateway/cache/store.h"
#include "gateway/filters/filter.h"

namespace tandem::gateway {

// Passes the request on, then invalidates in `stores`, which outlive the exchange.
async::Task<Result<Response>> invalidating(Exchange& exchange, Next next,
                                           std::span<const std::shared_ptr<cache::Store>> stores);

// Of a route that caches nothing itself: others may have cached what it changes.
class InvalidateCaches final : public Filter {
 public:
  explicit InvalidateCaches(std::vector<std::shared_ptr<cache::Store>> stores) : stores_(std::move(stores)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const std::vector<std::shared_ptr<cache::Store>> stores_;
};

}  // namespace tandem::gateway
