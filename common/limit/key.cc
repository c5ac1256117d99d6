#include "common/limit/key.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/id.h"

namespace tandem::limit {

Key source(const IpAddress& address) {
  Key key = address.bytes;
  if (!address.is_v4()) std::fill(key.begin() + key.size() / 2, key.end(), std::uint8_t{0});
  return key;
}

std::size_t KeyHash::operator()(const Key& key) const {
  static const std::uint64_t secret = random_word();
  return XXH3_64bits_withSeed(key.data(), key.size(), secret);
}

}  // namespace tandem::limit
