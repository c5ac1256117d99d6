#include "gateway/cache/key.h"

#include <xxhash.h>

#include "common/base/id.h"

namespace tandem::cache {

std::uint64_t hash_of(std::string_view text) {
  static const std::uint64_t secret = random_word();
  return XXH3_64bits_withSeed(text.data(), text.size(), secret);
}

void Key::finish() {
  url_hash_ = hash_of(url());
  shared_hash_ = hash_of(shared());
  own_hash_ = has_own() ? hash_of(own()) : shared_hash_;
}

std::string_view origin_of(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return {};
  return url.substr(0, url.find('/', authority + 3));
}

}  // namespace tandem::cache
