// JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2) into a key.
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/base64.h"
#include "gateway/jose/key.h"
#include "gateway/jose/owned.h"

namespace tandem::jose {
namespace {

using Made = std::expected<std::shared_ptr<EVP_PKEY>, std::string>;

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<std::string> decoded(const json::Value& jwk, std::string_view member) {
  const std::string* text = jwk.string_at(member);
  return text ? from_base64url(*text) : std::nullopt;
}

std::shared_ptr<EVP_PKEY> make(const char* type, OSSL_PARAM_BLD* parts) {
  const Owned<OSSL_PARAM, OSSL_PARAM_free> params(OSSL_PARAM_BLD_to_param(parts));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params && context && EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get());
  }
  ERR_clear_error();
  return {key, EVP_PKEY_free};
}

Made rsa(const json::Value& jwk) {
  const auto n = decoded(jwk, "n"), e = decoded(jwk, "e");
  if (!n || !e || n->size() > 2048 || e->empty() || e->size() > 8) {
    return std::unexpected("n and e are not those of an RSA key");
  }
  const Owned<BIGNUM, BN_free> modulus(BN_bin2bn(bytes(*n), static_cast<int>(n->size()), nullptr));
  const Owned<BIGNUM, BN_free> exponent(BN_bin2bn(bytes(*e), static_cast<int>(e->size()), nullptr));
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> parts(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  auto key = make("RSA", parts.get());
  if (!key) return std::unexpected("n and e are not those of an RSA key");
  return key;
}

struct Curve {
  std::string_view crv;
  const char* group;
  std::size_t size;  // of a coordinate
};
constexpr Curve kCurves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};

Made ec(const json::Value& jwk) {
  const std::string* crv = jwk.string_at("crv");
  const auto curve = std::ranges::find_if(kCurves, [&](const Curve& c) { return crv && *crv == c.crv; });
  if (curve == std::end(kCurves)) return std::unexpected("crv is not one of P-256, P-384 and P-521");
  const auto x = decoded(jwk, "x"), y = decoded(jwk, "y");
  if (!x || !y || x->size() != curve->size || y->size() != curve->size) {
    return std::unexpected(fmt::format("x and y are not those of a point of {}", curve->crv));
  }
  const std::string point = '\x04' + *x + *y;
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> parts(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0);
  OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  auto key = make("EC", parts.get());
  if (!key) return std::unexpected(fmt::format("x and y are not those of a point of {}", curve->crv));
  return key;
}

Made okp(const json::Value& jwk) {
  const std::string* crv = jwk.string_at("crv");
  if (!crv || *crv != "Ed25519") return std::unexpected("crv is not Ed25519");
  const auto x = decoded(jwk, "x");
  std::shared_ptr<EVP_PKEY> key;
  if (x) key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(*x), x->size()), EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return std::unexpected("x is not that of an Ed25519 key");
  return key;
}

// Why a key is not for checking signatures; nothing where it is.
std::optional<std::string> misfit(const json::Value& jwk) {
  if (const json::Value* use = jwk.find("use"); use && (!use->string() || *use->string() != "sig")) {
    return "its use is not \"sig\"";
  }
  const json::Value* operations = jwk.find("key_ops");
  if (!operations) return std::nullopt;
  const auto verifies = [](const json::Value& one) { return one.string() && *one.string() == "verify"; };
  if (!operations->array() || std::ranges::none_of(*operations->array(), verifies)) {
    return "its key_ops do not hold \"verify\"";
  }
  return std::nullopt;
}

}  // namespace

std::expected<Key, std::string> Key::from_jwk(const json::Value& jwk, bool secrets) {
  const std::string* kty = jwk.string_at("kty");
  if (!kty) return std::unexpected("it has no kty");
  if (auto why = misfit(jwk)) return std::unexpected(*std::move(why));
  std::optional<Algorithm> only_for;
  if (const json::Value* alg = jwk.find("alg")) {
    if (alg->string()) only_for = algorithm_named(*alg->string());
    if (!only_for) return std::unexpected("its alg is no signature algorithm that is known here");
  }
  std::expected<Key, std::string> key = std::unexpected(fmt::format("its kty is none that is known here"));
  if (*kty == "oct" && secrets) {
    auto secret = decoded(jwk, "k");
    if (!secret || secret->size() < hash_size(Algorithm::hs256)) {
      return std::unexpected("k is missing, malformed or shorter than 32 bytes");
    }
    key = from_secret(*std::move(secret));
  } else if (*kty == "RSA" || *kty == "EC" || *kty == "OKP") {
    auto made = *kty == "RSA" ? rsa(jwk) : *kty == "EC" ? ec(jwk) : okp(jwk);
    if (!made) return std::unexpected(std::move(made.error()));
    key = of(*std::move(made));
  }
  if (!key) return key;
  if (const json::Value* id = jwk.find("kid")) {
    if (!id->string()) return std::unexpected("its kid is no string");
    key->id_ = *id->string();
  }
  key->only_for_ = only_for;
  if (only_for && !key->fits(*only_for)) {
    return std::unexpected(fmt::format("it is no key for its own alg, {}", name_of(*only_for)));
  }
  return key;
}

}  // namespace tandem::jose
