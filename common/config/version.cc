#include "common/config/version.h"

#include <toml++/toml.h>

namespace tandem::config {

std::string toml_version() {
  return std::to_string(TOML_LIB_MAJOR) + "." + std::to_string(TOML_LIB_MINOR) + "." + std::to_string(TOML_LIB_PATCH);
}

}  // namespace tandem::config
