// A key that checks signatures: from a PEM, a secret, or a JWK (RFC 7517). Knows which algorithms it is for; too weak
// ones are not made at all. Immutable, shared by all workers.
#pragma once
#include <openssl/evp.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/value.h"
#include "gateway/jose/algorithm.h"

namespace tandem::jose {

class Key {
 public:
  // A public key, or a certificate's. Errors say what is wrong, for whoever configures.
  static std::expected<Key, std::string> from_pem(std::string_view pem);
  static Key from_secret(std::string secret);
  // One that is meant for checking signatures (`use`, `key_ops`) by an algorithm known here. `secrets`: whether it may
  // be a symmetric one, which nothing that comes over a network may.
  static std::expected<Key, std::string> from_jwk(const json::Value& jwk, bool secrets);

  const std::optional<std::string>& id() const { return id_; }  // kid
  std::string describe() const;                                 // "RSA 2048, kid \"a\"": for people

  // Whether it is of the kind that the algorithm needs, strong enough for it, and not bound to another one.
  bool fits(Algorithm algorithm) const;
  // `algorithm` fits.
  bool verify(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const;

 private:
  enum class Type : std::uint8_t { secret, rsa, p256, p384, p521, ed25519 };
  Key(Type type, std::shared_ptr<EVP_PKEY> key) : type_(type), key_(std::move(key)) {}
  static std::expected<Key, std::string> of(std::shared_ptr<EVP_PKEY> key);
  bool verify_hmac(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const;
  bool verify_public(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const;

  Type type_;
  std::shared_ptr<EVP_PKEY> key_;
  std::string secret_;
  std::optional<std::string> id_;
  std::optional<Algorithm> only_for_;
};

}  // namespace tandem::jose
