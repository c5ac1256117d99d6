#include "gateway/versions.h"

#include "gateway/filters/encoder.h"

namespace tandem::gateway {

std::vector<std::pair<std::string, std::string>> library_versions(
    std::vector<std::pair<std::string, std::string>> common) {
  common.emplace_back("zlib", gzip_version());
  common.emplace_back("brotli", brotli_version());
  common.emplace_back("zstd", zstd_version());
  return common;
}

}  // namespace tandem::gateway
