// From a request to its route: asks the generation's table and says what is wrong where there is none.
#pragma once
#include <optional>
#include <string>

#include "common/base/error.h"
#include "gateway/exchange.h"

namespace tandem::gateway {

// A request's header fields and query as conditions see them.
class RequestFields final : public routing::Fields {
 public:
  explicit RequestFields(const http::RequestHead& head) : head_(head) {}
  routing::Tested test(const routing::Condition& condition) const noexcept override;

 private:
  const http::RequestHead& head_;
};

struct NotRouted {
  Error error;
  std::string allow;  // for 405: the value of Allow
};

// Sets the exchange's route and params, or says why there is none: "no_route", "method_not_allowed", "repeated_field",
// or "bad_request" for a path with encoded slashes whose route does not take them. `port`: the listener's.
std::optional<NotRouted> find_route(Exchange& exchange, std::uint16_t port);

}  // namespace tandem::gateway
