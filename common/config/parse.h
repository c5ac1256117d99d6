// TOML text to a tree of values. The only door to the TOML library.
#pragma once
#include <cstdint>
#include <optional>

#include "common/config/diagnostics.h"
#include "common/config/value.h"

namespace tandem::config {

// Parses the text of a file that `diagnostics` knows. Says what is wrong with the syntax (the first error only: the
// parser stops there) and gives nothing then. Never throws; refuses what nests too deeply.
std::optional<Value> parse_toml(std::uint32_t file, Diagnostics& diagnostics);

std::string toml_library_version();  // "3.3.0"

}  // namespace tandem::config
