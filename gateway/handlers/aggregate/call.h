// One request to a service for a part, in an exchange of its own within the client's: sent by the part's chain, so with
// balancing, retries, breaker and cache as a route's; its answer gathered within bounds and read. On its worker's
// thread.
#pragma once
#include <string>

#include "common/async/task.h"
#include "gateway/exchange.h"
#include "gateway/filters/chain.h"
#include "gateway/handlers/aggregate/freshness.h"
#include "gateway/handlers/aggregate/outcome.h"
#include "gateway/handlers/aggregate/plan.h"
#include "gateway/json/document.h"

namespace tandem::gateway {

// How many bytes the bodies of all parts of an answer may have together.
struct ByteBudget {
  std::uint64_t left = 0;
  bool exceeded = false;
};

struct CallOrder {
  const PartConfig& config;
  const PartPlan& plan;
  const Chain& chain;
  ByteBudget& budget;
  const Span* span;    // of the part; null where nothing is noted
  std::string target;  // of the request line
  std::string body;
};

struct CallResult {
  PartFailure failure;
  int status = 0;
  std::optional<json::Document> document;  // nothing: it failed, or there is no body (204)
  json::Document::Node root = 0;           // after `take`
  Freshness freshness;
  std::string_view cache;  // what a cache had for it
  std::uint32_t attempts = 0;
};

// Ends with `scope`, whose reason is the failure's then. `of` outlives the call.
async::Task<CallResult> call_service(Exchange& of, async::CancelScope& scope, CallOrder order);

}  // namespace tandem::gateway
