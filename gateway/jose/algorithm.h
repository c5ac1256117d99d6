// The signature algorithms of JOSE that are known here (RFC 7518 §3, RFC 8037 §3.1). `none` is not one of them.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::jose {

enum class Algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa
};

inline constexpr std::array<std::pair<std::string_view, Algorithm>, 13> kAlgorithms = {{{"HS256", Algorithm::hs256},
                                                                                        {"HS384", Algorithm::hs384},
                                                                                        {"HS512", Algorithm::hs512},
                                                                                        {"RS256", Algorithm::rs256},
                                                                                        {"RS384", Algorithm::rs384},
                                                                                        {"RS512", Algorithm::rs512},
                                                                                        {"PS256", Algorithm::ps256},
                                                                                        {"PS384", Algorithm::ps384},
                                                                                        {"PS512", Algorithm::ps512},
                                                                                        {"ES256", Algorithm::es256},
                                                                                        {"ES384", Algorithm::es384},
                                                                                        {"ES512", Algorithm::es512},
                                                                                        {"EdDSA", Algorithm::eddsa}}};

enum class Family : std::uint8_t { hs, rs, ps, es, ed };

constexpr Family family(Algorithm algorithm) { return static_cast<Family>(static_cast<unsigned>(algorithm) / 3); }
// Of all but EdDSA: bytes of the hash.
constexpr std::size_t hash_size(Algorithm algorithm) { return 32 + static_cast<unsigned>(algorithm) % 3 * 16; }

std::optional<Algorithm> algorithm_named(std::string_view name);  // case matters
std::string_view name_of(Algorithm algorithm);

}  // namespace tandem::jose
