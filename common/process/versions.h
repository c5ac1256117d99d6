// What --version says of the libraries a program runs with.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace tandem::process {

std::vector<std::pair<std::string, std::string>> library_versions();  // name and version, as loaded

}  // namespace tandem::process
