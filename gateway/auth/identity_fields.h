// The fields that tell services who calls. A client's own are removed from every request, on public routes too: so a
// service may believe what stands there.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "common/http/message.h"
#include "gateway/config.h"

namespace tandem::gateway {

// Those that a route fills in from a claim or the consumer, and those that a service which decides who may gives; with
// providers X-User and X-Consumer in any case.
std::vector<std::string> names_of_identity_fields(const GatewayConfig& config);

// (Names with an underscore in place of a hyphen never get this far.)
inline void remove_identity_fields(http::Fields& fields, std::span<const std::string> names) {
  for (const std::string& name : names) fields.remove(name);
}

}  // namespace tandem::gateway
