// Tokens, JSON and key sets from anybody: whatever they hold, they are read or refused, what is read is stable when it
// is written and read again, and no token is believed that the key has not signed.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/base64.h"
#include "common/json/parse.h"
#include "gateway/jose/key_set.h"
#include "gateway/jose/verify.h"
#include "tests/fuzz/require.h"

using namespace tandem;

namespace {

void check_json(std::string_view bytes) {
  const auto value = json::parse(bytes);
  if (!value) return;
  const auto again = json::parse(value->to_text());
  require(again && again->to_text() == value->to_text());
}

void check_token(std::string_view bytes) {
  static const jose::KeySet keys = [] {
    jose::KeySet made;
    made.keys.push_back(jose::Key::from_secret("a secret that no input can know, 64 bytes of it at the very least"));
    return made;
  }();
  const jose::Rules rules = {.algorithms = {jose::Algorithm::hs256, jose::Algorithm::hs512},
                             .issuer = {},
                             .audience = {"api"},
                             .type = {},
                             .must_expire = false};
  const auto token = jose::parse_token(bytes);
  if (!token) return;
  require(bytes.size() <= jose::kMaxTokenBytes && bytes.starts_with(token->signed_bytes));
  require(!jose::check_signature(*token, keys, rules));
  const auto valid = jose::check_claims(token->claims, rules, WallTime(std::chrono::seconds(1'800'000'000)));
  if (valid) require(token->claims.find("aud") != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_json(bytes);
  check_token(bytes);
  // The same bytes as claims of a token that is well-formed up to there.
  check_token("eyJhbGciOiJIUzI1NiJ9." + to_base64url(bytes) + ".c2ln");
  if (const auto decoded = from_base64url(bytes)) require(to_base64url(*decoded) == bytes);
  if (const auto set = jose::parse_key_set(bytes, true)) {
    require(!set->set.keys.empty());
    for (const jose::Key& key : set->set.keys) {
      for (const auto& [name, algorithm] : jose::kAlgorithms) {
        if (key.fits(algorithm)) require(!key.verify(algorithm, "signed", bytes.substr(0, 600)));
      }
    }
  }
  return 0;
}
