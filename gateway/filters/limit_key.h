// What tells the requests that a limit counts together from others: its `key`, of a request. Compiled at load.
#pragma once
#include <string>
#include <vector>

#include "common/limit/key.h"
#include "gateway/exchange.h"
#include "gateway/rate_limit/options.h"
#include "gateway/routing/pattern.h"

namespace tandem::gateway {

class LimitKey {
 public:
  // Of a route that has every parameter that the parts name.
  LimitKey(const std::vector<LimitKeyPart>& parts, const routing::MatchPattern& pattern);

  // 16 bytes for tables of this process. An IPv6 client is its /64; where nobody has said who calls, the address stands
  // in for the caller, and so it does for a header or claim that the request has not.
  limit::Key of(const Exchange& exchange) const;
  // The same as a text that means the same to every gateway, whatever callers put into it: what they may choose freely
  // stands there as it is only where it is short and of letters, digits and "._@-"; else its SHA-256. Headers always do
  // so, for they may be secrets.
  std::string text_of(const Exchange& exchange) const;

 private:
  struct Part {
    LimitKeyPart::Kind kind;
    std::string name;
    std::size_t param = 0;  // its index in the route
  };
  template <class Out>
  void write(const Exchange& exchange, Out& out) const;

  std::vector<Part> parts_;
};

}  // namespace tandem::gateway
