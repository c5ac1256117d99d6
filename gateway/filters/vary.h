// What an answer depends on beside its target: for filters that give different answers to different requests.
#pragma once
#include <string_view>

#include "gateway/handlers/response.h"

namespace tandem::gateway {

// Sees to it that Vary names the request field `name` (RFC 9110 §12.5.5), which lives as long as the response.
void add_vary(Response& response, std::string_view name);

}  // namespace tandem::gateway
