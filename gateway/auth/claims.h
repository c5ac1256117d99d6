// Whom claims speak of, wherever they come from: a token that was verified, or an issuer's answer about one. Pure.
#pragma once
#include <memory>
#include <string>

#include "gateway/identity.h"

namespace tandem::gateway {

// `provider`: whose word it is. `consumer`: the claim that names the caller.
std::shared_ptr<const Identity> identity_of_claims(const std::string& provider, const std::string& consumer,
                                                   json::Value claims);

}  // namespace tandem::gateway
