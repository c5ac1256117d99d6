#include "common/limit/open_counts.h"

namespace tandem::limit {

bool OpenCounts::try_enter(const Key& key, std::uint32_t most) {
  if (most == 0) return false;
  Shard& of = shard(key);
  const std::lock_guard lock(of.mutex);
  std::uint32_t& open = of.open[key];
  if (open >= most) return false;
  ++open;
  return true;
}

void OpenCounts::leave(const Key& key) {
  Shard& of = shard(key);
  const std::lock_guard lock(of.mutex);
  const auto found = of.open.find(key);
  if (found != of.open.end() && --found->second == 0) of.open.erase(found);
}

std::size_t OpenCounts::callers() const {
  std::size_t sum = 0;
  for (const Shard& one : shards_) {
    const std::lock_guard lock(one.mutex);
    sum += one.open.size();
  }
  return sum;
}

}  // namespace tandem::limit
