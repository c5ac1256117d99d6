// `gateway key new NAME`: makes a key for a consumer. Reads no configuration and keeps nothing.
#pragma once
#include <expected>
#include <string>

namespace tandem::gateway {

// What the command prints: a key of 256 random bits, and the TOML to keep, which holds no more than its hash. `action`
// is "new", `groups` are separated by commas, `plan` may be empty. Or why there is none.
std::expected<std::string, std::string> key_command(const std::string& action, const std::string& name,
                                                    const std::string& groups, const std::string& plan);

}  // namespace tandem::gateway
