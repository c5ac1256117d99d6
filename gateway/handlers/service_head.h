// What goes to a service and what comes back from it, as heads: the request's written anew with what we tell of the
// client, the answer's freed from what belongs to one connection only.
#pragma once
#include <string>

#include "common/base/address.h"
#include "common/base/error.h"
#include "common/http/message.h"
#include "gateway/config.h"
#include "gateway/exchange.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

// The head for a service: `target` in origin form, Host as `host` says, and X-Request-Id, X-Forwarded-*, Via. Fails
// (internal_error) when a control character would get into it.
Result<std::string> service_request_head(const Exchange& exchange, const HostConfig& host, const Address& server,
                                         const std::string& target);

// The same with other fields and another framing than the client's: for a copy of the request.
Result<std::string> service_request_head(const Exchange& exchange, const HostConfig& host, const Address& server,
                                         const std::string& target, const http::Fields& fields,
                                         http::BodyFraming framing);

// An interim head of a service (102, 103) as the client gets it. Fails as below.
Result<std::string> interim_head(http::ResponseHead& head);

// Moves a service's head into `response`. Fails (upstream_protocol) when its Connection names what it may not.
Result<void> take_service_head(http::ResponseHead& head, Response& response);

}  // namespace tandem::gateway
