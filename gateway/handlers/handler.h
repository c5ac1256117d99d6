// A handler is a function from a request to an answer: what a route ends in. One object per route, made at load, shared
// by all workers; everything of a request lives in its Exchange.
#pragma once
#include "common/async/task.h"
#include "gateway/exchange.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

class Handler {
 public:
  virtual ~Handler() = default;
  virtual async::Task<Result<Response>> handle(Exchange& exchange) const = 0;
};

}  // namespace tandem::gateway
