#include "common/async/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace tandem::async {

void TimerWheel::List::append(Timer& timer) {
  timer.prev_ = prev_;
  timer.next_ = this;
  prev_->next_ = &timer;
  prev_ = &timer;
}

Timer* TimerWheel::List::pop() {
  if (empty()) return nullptr;
  Timer* timer = next_;
  timer->disarm();
  return timer;
}

void TimerWheel::List::take(List& other) {
  while (Timer* timer = other.pop()) append(*timer);
}

TimerWheel::TimerWheel(Duration tick, Instant start) : tick_(tick), start_(start) {}

void TimerWheel::arm(Timer& timer, Instant when) {
  timer.disarm();
  if (when == kNoDeadline) return;
  const Duration after = std::max(when - start_, Duration::zero());
  timer.tick_ = static_cast<std::uint64_t>((after + tick_ - Duration(1)) / tick_);  // rounded up: never early
  insert(timer);
}

void TimerWheel::insert(Timer& timer) {
  // What has passed goes into the slot that comes next; what is beyond the horizon waits in the last slot before it
  // and is inserted again from there.
  constexpr std::uint64_t kHorizon = std::uint64_t{kSlots - 1} << (kBits * (kLevels - 1));
  const std::uint64_t tick = std::clamp(timer.tick_, elapsed_ + 1, elapsed_ + kHorizon);
  const std::uint64_t differing = (elapsed_ ^ tick) | (kSlots - 1);
  const unsigned level = std::min((63U - static_cast<unsigned>(std::countl_zero(differing))) / kBits, kLevels - 1);
  const unsigned slot = static_cast<unsigned>(tick >> (kBits * level)) % kSlots;
  slots_[level][slot].append(timer);
  occupied_[level] |= std::uint64_t{1} << slot;
}

std::optional<TimerWheel::Expiry> TimerWheel::next_expiry() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned shift = kBits * level;
    const unsigned here = static_cast<unsigned>(elapsed_ >> shift) % kSlots;
    // What differs above a level's own bits is kept a level up, so slots lie ahead of the present one; only the top
    // level goes around the corner.
    const std::uint64_t ahead = occupied_[level] & (~std::uint64_t{0} << here);
    const bool wraps = ahead == 0 && level == kLevels - 1;
    if (ahead == 0 && !wraps) continue;
    const auto slot = static_cast<unsigned>(std::countr_zero(wraps ? occupied_[level] : ahead));
    const std::uint64_t round = (elapsed_ >> (shift + kBits)) + (wraps ? 1 : 0);
    return Expiry{level, slot, (round << (shift + kBits)) + (std::uint64_t{slot} << shift)};
  }
  return std::nullopt;
}

std::optional<Instant> TimerWheel::next() const {
  const auto expiry = next_expiry();
  if (!expiry) return std::nullopt;
  return start_ + tick_ * static_cast<Duration::rep>(expiry->tick);
}

void TimerWheel::advance(Instant now) {
  const auto target = static_cast<std::uint64_t>(std::max(now - start_, Duration::zero()) / tick_);
  while (const auto expiry = next_expiry()) {
    if (expiry->tick > target) break;
    elapsed_ = std::max(elapsed_, expiry->tick);
    occupied_[expiry->level] &= ~(std::uint64_t{1} << expiry->slot);
    List due;  // a timer that is fired may arm itself into this very slot again
    due.take(slots_[expiry->level][expiry->slot]);
    while (Timer* timer = due.pop()) {
      if (timer->tick_ <= elapsed_) {
        timer->fire_(*timer);
      } else {
        insert(*timer);
      }
    }
  }
  elapsed_ = std::max(elapsed_, target);
}

}  // namespace tandem::async
