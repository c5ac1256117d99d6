#include "common/limit/rate_table.h"

#include <algorithm>
#include <bit>

namespace tandem::limit {

RateTable::RateTable(std::size_t cells)
    : buckets_(std::bit_ceil(std::max(cells, std::tuple_size_v<Bucket>)) / std::tuple_size_v<Bucket>) {}

bool RateTable::take(const Key& key, const Gcra& rule, Instant now) {
  const std::size_t index = KeyHash()(key) & (buckets_.size() - 1);
  Bucket& bucket = buckets_[index];
  const std::lock_guard lock(locks_[index % locks_.size()].mutex);
  auto cell = std::ranges::find(bucket, key, &Cell::key);
  const bool known = cell != bucket.end();
  if (!known) cell = std::ranges::min_element(bucket, {}, &Cell::time);
  const auto taken = rule.take(known ? cell->time : now, now);
  if (!taken) return false;
  *cell = {key, *taken};
  return true;
}

Duration RateTable::wait(const Key& key, const Gcra& rule, Instant now) {
  const std::size_t index = KeyHash()(key) & (buckets_.size() - 1);
  const Bucket& bucket = buckets_[index];
  const std::lock_guard lock(locks_[index % locks_.size()].mutex);
  const auto cell = std::ranges::find(bucket, key, &Cell::key);
  return cell == bucket.end() ? Duration::zero() : rule.wait(cell->time, now);
}

}  // namespace tandem::limit
