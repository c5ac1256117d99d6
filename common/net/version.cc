#include "common/net/version.h"

#include <ares.h>
#include <openssl/crypto.h>
#include <uv.h>

namespace tandem::net {

std::string uv_version() { return uv_version_string(); }
std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION_STRING); }
std::string cares_version() { return ares_version(nullptr); }

}  // namespace tandem::net
