// A filter is one capability of a route: it may answer by itself, change the request, await the rest of the chain and
// change the answer, or turn an error into one. One object per route, made at load, shared by all workers; everything
// of a request lives in its Exchange.
#pragma once
#include <memory>
#include <span>

#include "gateway/handlers/handler.h"

namespace tandem::gateway {

class Filter;

// What is left of a chain. A value: two words and a pointer, kept by the filter that got it. The chain belongs to the
// generation that the exchange holds.
class Next {
 public:
  Next(std::span<const std::unique_ptr<const Filter>> filters, const Handler& handler)
      : filters_(filters), handler_(&handler) {}

  // The next filter, or the handler at the end. No coroutine of its own.
  async::Task<Result<Response>> operator()(Exchange& exchange) const;

 private:
  std::span<const std::unique_ptr<const Filter>> filters_;
  const Handler* handler_;
};

class Filter {
 public:
  virtual ~Filter() = default;
  // Calls `next` at most once, unless the filter is about trying again. An answer of status 101 is an upgrade and has
  // no body to touch; interim answers (1xx) pass the filters by.
  virtual async::Task<Result<Response>> handle(Exchange& exchange, Next next) const = 0;
};

inline async::Task<Result<Response>> Next::operator()(Exchange& exchange) const {
  if (filters_.empty()) return handler_->handle(exchange);
  return filters_.front()->handle(exchange, Next(filters_.subspan(1), *handler_));
}

}  // namespace tandem::gateway
