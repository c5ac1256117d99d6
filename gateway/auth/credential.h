// Finding a caller's credential in a request, and taking it out before the service sees the request. On the worker's
// thread; views point into the exchange's request and what is known of its connection.
#pragma once
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/auth/options.h"
#include "gateway/exchange.h"

namespace tandem::gateway {

struct Presented {
  std::optional<std::string_view> credential;  // nothing: there is none at this place
  bool repeated = false;                       // it stands there more than once: which one counts is anybody's guess
};

Presented find_credential(const CredentialSource& source, const Exchange& exchange);
void remove_credential(const CredentialSource& source, Exchange& exchange);
// The same of a copy of the request; what `fields` and `query` then point to is put into `kept`.
void remove_credential(const CredentialSource& source, http::Fields& fields, std::string_view& query,
                       std::forward_list<std::string>& kept);

}  // namespace tandem::gateway
