// The keys of an issuer: a JWK set (RFC 7517 §5), or one key of the configuration. Immutable; a newer set replaces it.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/jose/key.h"

namespace tandem::jose {

inline constexpr std::size_t kMaxKeySetBytes = 256 * 1024;
inline constexpr std::size_t kMaxKeys = 100;

struct KeySet {
  std::vector<Key> keys;
  // Whether the keys are known by ids: a token that names one is checked against that only.
  bool has_ids = false;
};

struct ParsedKeySet {
  KeySet set;
  std::vector<std::string> left_out;  // for each key that is not for us: why
};

// Keys that are of no use are left out; fails when the text is no JWK set, too large, or when no key is left.
std::expected<ParsedKeySet, std::string> parse_key_set(std::string_view text, bool secrets);

}  // namespace tandem::jose
