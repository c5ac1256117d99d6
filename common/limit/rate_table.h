// The rates of many callers in a bounded table: 24 bytes a cell, all of it taken when it is made. Shared by all
// workers; callable from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

#include "common/limit/key.h"
#include "common/limit/rate.h"

namespace tandem::limit {

// A key's place is a bucket of 8 cells. When those are others', the one that is furthest behind gives way: mostly one
// whose time has passed, which knows no more than an empty one. A caller who is k takes ahead is only pushed out by 8
// others of his bucket who are further ahead, and as nobody can choose a bucket that costs a flood some 8 k takes for
// each bucket of the table.
class RateTable {
 public:
  static constexpr std::size_t kDefaultCells = 65'536;

  explicit RateTable(std::size_t cells = kDefaultCells);  // rounded up to a power of two
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  // Whether the caller may have one more at `now`; it is counted then.
  bool take(const Key& key, const Gcra& rule, Instant now);
  // How long until the caller may have one more, without taking it; zero: now.
  Duration wait(const Key& key, const Gcra& rule, Instant now);

 private:
  struct Cell {
    Key key{};
    Instant time{};
  };
  using Bucket = std::array<Cell, 8>;
  struct alignas(64) Lock {
    std::mutex mutex;
  };

  std::vector<Bucket> buckets_;  // a power of two of them
  std::array<Lock, 64> locks_;   // each for every 64th bucket
};

}  // namespace tandem::limit
