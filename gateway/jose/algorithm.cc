#include "gateway/jose/algorithm.h"

#include <algorithm>

namespace tandem::jose {

static_assert(family(Algorithm::hs512) == Family::hs && family(Algorithm::rs256) == Family::rs);
static_assert(family(Algorithm::es512) == Family::es && family(Algorithm::eddsa) == Family::ed);
static_assert(hash_size(Algorithm::ps384) == 48 && hash_size(Algorithm::es256) == 32);

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (const auto& [known, algorithm] : kAlgorithms) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) { return kAlgorithms[static_cast<std::size_t>(algorithm)].first; }

}  // namespace tandem::jose
