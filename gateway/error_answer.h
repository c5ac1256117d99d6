// The answers that the gateway makes of errors: problem documents, with the reason told to the log. The one place where
// an error becomes an answer.
#pragma once
#include "common/base/error.h"
#include "common/http/http_error.h"
#include "gateway/exchange.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

// For an error on the way through the chain. After one of origin client the connection is closed. `status`: where the
// reason alone does not say it.
Response error_answer(const Error& error, Exchange& exchange, int status = 0);

// For a sound request that is turned down (no_route, forbidden …): the connection goes on. `reason` is a literal; who
// calls adds the fields that belong to it.
Response declined(std::string_view reason, std::string detail, Exchange& exchange);

// The same with Retry-After: `wait`, in whole seconds and at least one.
Response declined_for(Duration wait, std::string_view reason, Exchange& exchange);

// For a message that is not to be read any further: the connection is closed.
Response refusal(const http::HttpError& error, Exchange& exchange);

}  // namespace tandem::gateway
