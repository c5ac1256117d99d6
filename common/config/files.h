// Reading files that a configuration names: bounded, and never more than asked for.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace tandem::config {

// The whole file; refuses directories and what is larger than `limit`. The error's detail names the path.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// `path` as seen from the folder of `naming_file`; absolute paths stay as they are.
std::string relative_to(std::string_view naming_file, std::string_view path);

}  // namespace tandem::config
