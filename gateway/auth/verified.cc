#include "gateway/auth/verified.h"

#include <openssl/evp.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace tandem::gateway {

Verified::Hash Verified::hash(std::string_view credential) {
  struct Context {
    EVP_MD_CTX* of = EVP_MD_CTX_new();
    EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // looked up once: that costs more than hashing
    ~Context() {
      EVP_MD_CTX_free(of);
      EVP_MD_free(sha256);
    }
  };
  thread_local const Context context;
  Hash hash{};
  EVP_DigestInit_ex2(context.of, context.sha256, nullptr);
  EVP_DigestUpdate(context.of, credential.data(), credential.size());
  EVP_DigestFinal_ex(context.of, hash.data(), nullptr);
  return hash;
}

std::shared_ptr<const Identity> Verified::find(const Hash& hash, std::uint64_t keys, WallTime now) {
  Bucket& in = bucket(hash);
  const std::scoped_lock lock(in.mutex);
  for (Entry& entry : in.entries) {
    if (!entry.identity || entry.hash != hash) continue;
    if (entry.keys != keys || now >= entry.until) {
      entry.identity.reset();
      return nullptr;
    }
    entry.asked = now;
    return entry.identity;
  }
  return nullptr;
}

void Verified::add(const Hash& hash, std::uint64_t keys, WallTime until, WallTime now,
                   std::shared_ptr<const Identity> identity) {
  Bucket& in = bucket(hash);
  const std::scoped_lock lock(in.mutex);
  auto entry = std::ranges::find(in.entries, hash, &Entry::hash);
  if (entry == in.entries.end()) {
    entry = std::ranges::min_element(in.entries, {}, [&](const Entry& e) {
      const bool used = e.identity && now < e.until && e.keys == keys;
      return std::tuple(used, e.asked);
    });
  }
  *entry = {hash, std::move(identity), keys, until, now};
}

}  // namespace tandem::gateway
