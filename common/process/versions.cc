#include "common/process/versions.h"

#include <fmt/format.h>

#include "common/config/version.h"
#include "common/http/version.h"
#include "common/json/parse.h"
#include "common/net/version.h"

namespace tandem::process {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"libuv", net::uv_version()},
          {"OpenSSL", net::openssl_version()},
          {"c-ares", net::cares_version()},
          {"llhttp", http::llhttp_version()},
          {"toml++", config::toml_version()},
          {"simdjson", json::parser_version()},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)}};
}

}  // namespace tandem::process
