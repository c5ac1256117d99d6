#include "common/limit/rate_table.h"

namespace tandem::limit {

bool RateTable::take(const Key& key, const Gcra& rule, Instant now) {
  const std::lock_guard lock(table_.mutex_of(key));
  CellTable::Cell& cell = table_.find(key);
  const Instant before = to_instant(CellTable::word_in(cell, key));
  const auto taken = rule.take(before, now);
  if (!taken) {
    table_.put(cell, key, to_word(rule.bounded(before, now)));  // refused: it is the key's own cell
    return false;
  }
  table_.put(cell, key, to_word(*taken));
  return true;
}

Duration RateTable::wait(const Key& key, const Gcra& rule, Instant now) {
  const std::lock_guard lock(table_.mutex_of(key));
  return rule.wait(to_instant(CellTable::word_in(table_.find(key), key)), now);
}

}  // namespace tandem::limit
