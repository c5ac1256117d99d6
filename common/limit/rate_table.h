// The rates of many callers, all by one rule, in a bounded table. Shared by all workers; callable from any thread.
#pragma once
#include "common/limit/cell_table.h"
#include "common/limit/rate.h"

namespace tandem::limit {

// A cell's word is the rule's point in time, so that who is furthest behind gives way (see cell_table.h).
class RateTable {
 public:
  static constexpr std::size_t kDefaultCells = 65'536;

  explicit RateTable(std::size_t cells = kDefaultCells) : table_(cells) {}

  // Whether the caller may have one more at `now`; it is counted then.
  bool take(const Key& key, const Gcra& rule, Instant now);
  // How long until the caller may have one more, without taking it; zero: now.
  Duration wait(const Key& key, const Gcra& rule, Instant now);

 private:
  CellTable table_;
};

// A point in time as a cell's word, and back.
inline std::int64_t to_word(Instant time) { return time.time_since_epoch().count(); }
inline Instant to_instant(std::int64_t word) { return Instant(Instant::duration(word)); }

}  // namespace tandem::limit
