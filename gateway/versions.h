// What --version says of the libraries that only gateway runs with.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace tandem::gateway {

// `common`: those of both programs, first.
std::vector<std::pair<std::string, std::string>> library_versions(
    std::vector<std::pair<std::string, std::string>> common);

}  // namespace tandem::gateway
