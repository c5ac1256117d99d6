#include "gateway/resilience/recent_counts.h"

#include <algorithm>

namespace tandem::gateway {
namespace {

constexpr std::uint64_t kMost = (1U << 24) - 1;

struct Slot {
  std::uint16_t number;
  std::uint64_t all;
  std::uint64_t marked;
};

Slot unpack(std::uint64_t word) { return {static_cast<std::uint16_t>(word >> 48), (word >> 24) & kMost, word & kMost}; }
std::uint64_t pack(const Slot& slot) { return std::uint64_t{slot.number} << 48 | slot.all << 24 | slot.marked; }

}  // namespace

void RecentCounts::add(Instant now, Duration window, std::uint32_t all, std::uint32_t marked) {
  const auto number = static_cast<std::uint64_t>(now.time_since_epoch() / (window / kSlots));
  std::atomic<std::uint64_t>& place = slots_[number % kSlots];
  std::uint64_t seen = place.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    Slot slot = unpack(seen);
    if (slot.number != static_cast<std::uint16_t>(number)) slot = {static_cast<std::uint16_t>(number), 0, 0};
    if (std::max(slot.all + all, slot.marked + marked) > kMost) slot = {slot.number, slot.all / 2, slot.marked / 2};
    slot.all = std::min(slot.all + all, kMost);
    slot.marked = std::min(slot.marked + marked, kMost);
    next = pack(slot);
  } while (!place.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

RecentCounts::Sum RecentCounts::sum(Instant now, Duration window) const {
  const auto number = static_cast<std::uint16_t>(now.time_since_epoch() / (window / kSlots));
  Sum sum;
  for (const auto& place : slots_) {
    const Slot slot = unpack(place.load(std::memory_order_relaxed));
    if (static_cast<std::uint16_t>(number - slot.number) >= kSlots) continue;
    sum.all += slot.all;
    sum.marked += slot.marked;
  }
  return sum;
}

void RecentCounts::clear() {
  for (auto& place : slots_) place.store(0, std::memory_order_relaxed);
}

}  // namespace tandem::gateway
