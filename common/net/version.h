// The versions of the libraries that only this room knows.
#pragma once
#include <string>

namespace tandem::net {

std::string uv_version();
std::string openssl_version();
std::string cares_version();

}  // namespace tandem::net
