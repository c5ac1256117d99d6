// The route's allow_from and deny_from: who may call by the client's address, before anybody asks who it is.
#pragma once
#include "common/base/access_list.h"
#include "gateway/filters/filter.h"

namespace tandem::gateway {

class ClientAddress final : public Filter {
 public:
  explicit ClientAddress(AccessList list) : list_(std::move(list)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const AccessList list_;
};

// 403 for a request that comes from where it may not.
Response address_refused(Exchange& exchange);

}  // namespace tandem::gateway
