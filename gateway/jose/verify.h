// Whether a token is to be believed (RFC 7515 §5.2, RFC 7519 §7.2): its signature, then its claims. The algorithms are
// those of the configuration; the token only says which of them it was made with. Pure; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "gateway/jose/key_set.h"
#include "gateway/jose/token.h"

namespace tandem::jose {

struct Rules {
  std::vector<Algorithm> algorithms;
  std::string issuer;                 // empty: any
  std::vector<std::string> audience;  // one of them; none: any
  std::string type;                   // what typ must say, as in Token; empty: anything
  Duration leeway = Duration::zero();
  bool must_expire = true;
};

// Why not, for the log. `unknown_key`: a newer set may have the key: the token names one that is not in this one, or
// it was not to be found by a name.
struct Refusal {
  std::string why;
  bool unknown_key = false;
};

// The key that the signature was made with, or why there is none. The key belongs to the set.
std::expected<const Key*, Refusal> check_signature(const Token& token, const KeySet& keys, const Rules& rules);

struct Validity {
  WallTime until;  // with the leeway; WallTime::max(): for ever
};
std::expected<Validity, Refusal> check_claims(const json::Value& claims, const Rules& rules, WallTime now);

}  // namespace tandem::jose
