#include "gateway/resilience/places.h"

#include <utility>

namespace tandem::gateway {

Places::Place Places::take(std::uint32_t limit) {
  std::uint32_t seen = taken_.load(std::memory_order_relaxed);
  do {
    if (seen >= limit) return nullptr;
  } while (!taken_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
  return {this, [places = shared_from_this()](const void*) { places->leave(); }};
}

Places::Place Places::take(std::uint32_t limit, std::string key) {
  {
    const std::scoped_lock lock(mutex_);
    std::uint32_t& count = by_key_[key];  // of a limit of at least one: a new one is never left at 0
    if (count >= limit) return nullptr;
    ++count;
  }
  taken_.fetch_add(1, std::memory_order_relaxed);
  return {this, [places = shared_from_this(), key = std::move(key)](const void*) { places->leave(key); }};
}

void Places::leave() { taken_.fetch_sub(1, std::memory_order_relaxed); }

void Places::leave(const std::string& key) {
  leave();
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (--found->second == 0) by_key_.erase(found);
}

}  // namespace tandem::gateway
