// Credentials that have been verified, so that the next request with the same one costs a hash. Bounded: 8,192 of them,
// in buckets of 8 where one that has ended, or else the one that was asked for longest ago, gives way. Holds hashes,
// never the credentials. Shared by all workers.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "gateway/identity.h"

namespace tandem::gateway {

class Verified {
 public:
  using Hash = std::array<std::uint8_t, 32>;
  static Hash hash(std::string_view credential);  // SHA-256

  Verified() : buckets_(kBuckets) {}

  // `keys`: with what it is verified today; what was verified with other keys is not known any more.
  std::shared_ptr<const Identity> find(const Hash& hash, std::uint64_t keys, WallTime now);
  void add(const Hash& hash, std::uint64_t keys, WallTime until, WallTime now,
           std::shared_ptr<const Identity> identity);

 private:
  static constexpr std::size_t kBuckets = 1024;
  struct Entry {
    Hash hash{};
    std::shared_ptr<const Identity> identity;  // null: free
    std::uint64_t keys = 0;
    WallTime until{};
    WallTime asked{};
  };
  struct alignas(64) Bucket {
    std::mutex mutex;
    std::array<Entry, 8> entries;
  };
  Bucket& bucket(const Hash& hash) { return buckets_[(hash[0] | hash[1] << 8) % kBuckets]; }

  std::vector<Bucket> buckets_;
};

}  // namespace tandem::gateway
