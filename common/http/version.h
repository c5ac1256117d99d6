// The versions of the libraries that only this room knows.
#pragma once
#include <string>

namespace tandem::http {

std::string llhttp_version();

}  // namespace tandem::http
