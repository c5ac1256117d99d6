#include "gateway/jose/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/escape.h"
#include "gateway/jose/owned.h"

namespace tandem::jose {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // checking one signature takes long enough then

const EVP_MD* digest(Algorithm algorithm) {
  if (family(algorithm) == Family::ed) return nullptr;
  switch (hash_size(algorithm)) {
    case 32: return EVP_sha256();
    case 48: return EVP_sha384();
    default: return EVP_sha512();
  }
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// r and s side by side, each as long as the curve's order, as OpenSSL wants them: a DER sequence (RFC 7518 §3.4).
std::string ecdsa_der(std::string_view signature) {
  const Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
  const int half = static_cast<int>(signature.size() / 2);
  BIGNUM* r = BN_bin2bn(bytes(signature), half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(signature) + half, half, nullptr);
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::string der(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(pair.get(), nullptr))), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(pair.get(), &to);
  return der;
}

// With 1 every signature is its own message. RFC 8017 §3.1: odd, and at least 3.
bool has_good_exponent(EVP_PKEY& key) {
  BIGNUM* e = nullptr;
  EVP_PKEY_get_bn_param(&key, OSSL_PKEY_PARAM_RSA_E, &e);
  const Owned<BIGNUM, BN_free> exponent(e);
  return exponent && BN_is_odd(e) && !BN_is_one(e);
}

std::size_t ecdsa_size(Algorithm algorithm) { return algorithm == Algorithm::es512 ? 132 : 2 * hash_size(algorithm); }

}  // namespace

std::expected<Key, std::string> Key::of(std::shared_ptr<EVP_PKEY> key) {
  const int bits = EVP_PKEY_get_bits(key.get());
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
      if (bits < kMinRsaBits) {
        return std::unexpected(fmt::format("an RSA key of {} bits is too weak; use at least {}", bits, kMinRsaBits));
      }
      if (bits > kMaxRsaBits) {
        return std::unexpected(fmt::format("an RSA key of {} bits is too large; use at most {}", bits, kMaxRsaBits));
      }
      if (!has_good_exponent(*key)) return std::unexpected("the public exponent of the RSA key is none");
      return Key(Type::rsa, std::move(key));
    case EVP_PKEY_EC: {
      std::array<char, 32> name{};
      std::size_t size = 0;
      EVP_PKEY_get_group_name(key.get(), name.data(), name.size(), &size);
      const std::string_view curve(name.data(), size);
      if (curve == "prime256v1") return Key(Type::p256, std::move(key));
      if (curve == "secp384r1") return Key(Type::p384, std::move(key));
      if (curve == "secp521r1") return Key(Type::p521, std::move(key));
      return std::unexpected(fmt::format("the curve {} is not one of P-256, P-384 and P-521", curve));
    }
    case EVP_PKEY_ED25519: return Key(Type::ed25519, std::move(key));
    default: return std::unexpected("the key is neither RSA nor EC nor Ed25519");
  }
}

std::expected<Key, std::string> Key::from_pem(std::string_view pem) {
  if (pem.contains("PRIVATE KEY")) {
    return std::unexpected("it holds a private key; the gateway needs the public one only");
  }
  const Owned<BIO, BIO_free> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::shared_ptr<EVP_PKEY> key;
  if (pem.contains("BEGIN CERTIFICATE")) {
    const Owned<X509, X509_free> certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()), EVP_PKEY_free);
  } else {
    key.reset(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  }
  ERR_clear_error();
  if (!key) return std::unexpected("it holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
  return of(std::move(key));
}

Key Key::from_secret(std::string secret) {
  Key key(Type::secret, nullptr);
  key.secret_ = std::move(secret);
  return key;
}

std::string Key::describe() const {
  constexpr std::array kNames = {"secret", "RSA", "P-256", "P-384", "P-521", "Ed25519"};
  std::string text = kNames[static_cast<std::size_t>(type_)];
  if (type_ == Type::rsa) text += fmt::format(" {}", EVP_PKEY_get_bits(key_.get()));
  if (id_) {
    text += ", kid ";
    append_json_string(text, *id_, 64);
  }
  return text;
}

bool Key::fits(Algorithm algorithm) const {
  if (only_for_ && *only_for_ != algorithm) return false;
  switch (family(algorithm)) {
    case Family::hs: return type_ == Type::secret && secret_.size() >= hash_size(algorithm);
    case Family::rs:
    case Family::ps: return type_ == Type::rsa;
    case Family::es:
      return type_ == (algorithm == Algorithm::es256   ? Type::p256
                       : algorithm == Algorithm::es384 ? Type::p384
                                                       : Type::p521);
    case Family::ed: break;
  }
  return type_ == Type::ed25519;
}

bool Key::verify(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const {
  if (family(algorithm) == Family::hs) return verify_hmac(algorithm, signed_bytes, signature);
  const bool good = verify_public(algorithm, signed_bytes, signature);
  ERR_clear_error();
  return good;
}

bool Key::verify_hmac(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned size = 0;
  if (!HMAC(digest(algorithm), secret_.data(), static_cast<int>(secret_.size()), bytes(signed_bytes),
            signed_bytes.size(), made.data(), &size)) {
    return false;
  }
  return signature.size() == size && CRYPTO_memcmp(signature.data(), made.data(), size) == 0;
}

bool Key::verify_public(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const {
  std::string der;
  if (family(algorithm) == Family::es) {
    if (signature.size() != ecdsa_size(algorithm)) return false;
    der = ecdsa_der(signature);
    signature = der;
  }
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  if (!context || EVP_DigestVerifyInit(context.get(), &settings, digest(algorithm), nullptr, key_.get()) != 1) {
    return false;
  }
  if (family(algorithm) == Family::ps && (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
                                          EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signed_bytes),
                          signed_bytes.size()) == 1;
}

}  // namespace tandem::jose
