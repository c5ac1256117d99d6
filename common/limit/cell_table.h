// What is remembered of many callers, a word each, in a bounded table: 24 bytes a cell. Memory is touched only where
// callers lie. Shared by all workers; callable from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <span>

#include "common/limit/key.h"

namespace tandem::limit {

// A key's place is a bucket of 8 cells. When those are others', the one with the lowest word gives way. So a word must
// be the larger the more is lost with it: a point in time up to which a caller has taken, say, of which one that has
// passed is worth no more than an empty cell. A caller who is k takes ahead is only pushed out by 8 others of his
// bucket who are further ahead, and as nobody can choose a bucket that costs a flood some 8 k takes for each bucket of
// the table.
class CellTable {
 public:
  struct Cell {
    Key key{};
    std::int64_t word = 0;  // never negative; 0: nothing is known
  };

  explicit CellTable(std::size_t cells);  // rounded up to a power of two

  // Guards the key's bucket, and others. Several are to be locked in the order of their addresses.
  std::mutex& mutex_of(const Key& key);
  // With that mutex held, and valid as long: the cell of the key, or the one that gives way to it. Of the latter
  // nothing changes until put() is called.
  Cell& find(const Key& key);
  static std::int64_t word_in(const Cell& cell, const Key& key) { return cell.key == key ? cell.word : 0; }
  void put(Cell& cell, const Key& key, std::int64_t word);

  std::size_t used() const;  // cells that hold a key, be what they know still worth something or not
  std::size_t cells() const { return count_ * std::tuple_size_v<Bucket>; }

 private:
  using Bucket = std::array<Cell, 8>;
  struct Free {
    void operator()(Bucket* buckets) const { std::free(buckets); }
  };
  struct alignas(64) Lock {
    mutable std::mutex mutex;
    std::size_t used = 0;
  };
  std::size_t index_of(const Key& key) const { return KeyHash()(key) & (count_ - 1); }
  Lock& lock_at(std::size_t index) { return locks_[index % locks_.size()]; }

  const std::size_t count_;                        // of buckets: a power of two
  const std::unique_ptr<Bucket[], Free> buckets_;  // zeroed memory, which the system gives when it is written to
  std::array<Lock, 64> locks_;                     // each for every 64th bucket
};

}  // namespace tandem::limit
