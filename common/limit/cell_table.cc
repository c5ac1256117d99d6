#include "common/limit/cell_table.h"

#include <algorithm>
#include <bit>
#include <new>

namespace tandem::limit {
namespace {

void* zeroed(std::size_t count, std::size_t size) {
  void* memory = std::calloc(count, size);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

static_assert(std::is_trivially_destructible_v<CellTable::Cell>);

CellTable::CellTable(std::size_t cells)
    : count_(std::bit_ceil(std::max(cells, std::tuple_size_v<Bucket>)) / std::tuple_size_v<Bucket>),
      buckets_(static_cast<Bucket*>(zeroed(count_, sizeof(Bucket)))) {}

std::mutex& CellTable::mutex_of(const Key& key) { return lock_at(index_of(key)).mutex; }

CellTable::Cell& CellTable::find(const Key& key) {
  Bucket& bucket = buckets_[index_of(key)];
  Cell* lowest = bucket.data();
  for (Cell& cell : bucket) {
    if (cell.key == key) return cell;
    if (cell.word < lowest->word) lowest = &cell;
  }
  return *lowest;
}

void CellTable::put(Cell& cell, const Key& key, std::int64_t word) {
  if (cell.word == 0) ++lock_at(index_of(key)).used;
  cell = {key, std::max<std::int64_t>(word, 1)};
}

std::size_t CellTable::used() const {
  std::size_t sum = 0;
  for (const Lock& lock : locks_) {
    const std::lock_guard held(lock.mutex);
    sum += lock.used;
  }
  return sum;
}

}  // namespace tandem::limit
