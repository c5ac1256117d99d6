// How many things each of many callers has open. Exact over all workers; holds only those who have something open, so
// it is bounded by what bounds that. Callable from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "common/limit/key.h"

namespace tandem::limit {

class OpenCounts {
 public:
  OpenCounts() = default;
  OpenCounts(const OpenCounts&) = delete;
  OpenCounts& operator=(const OpenCounts&) = delete;

  bool try_enter(const Key& key, std::uint32_t most);  // false: has `most` already, and nothing has changed
  void leave(const Key& key);                          // after a try_enter() that was true
  std::size_t callers() const;

 private:
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, std::uint32_t, KeyHash> open;  // never 0
  };
  Shard& shard(const Key& key) { return shards_[KeyHash()(key) >> 32 & (shards_.size() - 1)]; }
  std::array<Shard, 16> shards_;
};

}  // namespace tandem::limit
