// The versions of the libraries that only this room knows.
#pragma once
#include <string>

namespace tandem::config {

std::string toml_version();

}  // namespace tandem::config
