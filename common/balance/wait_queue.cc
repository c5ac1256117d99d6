#include "common/balance/wait_queue.h"

#include <algorithm>
#include <utility>

namespace tandem::balance {

bool WaitQueue::join(const std::shared_ptr<Place>& place, std::uint32_t limit, bool& first) {
  const std::scoped_lock lock(mutex_);
  if (places_.size() >= limit) return false;
  first = places_.empty();
  places_.push_back(place);
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  return true;
}

void WaitQueue::wait_on(Place& place) {
  const std::scoped_lock lock(mutex_);
  place.called_ = false;
}

void WaitQueue::leave(const std::shared_ptr<Place>& place) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(places_, place);
  if (found == places_.end()) return;
  places_.erase(found);
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  call_first();
}

void WaitQueue::wake_one() {
  if (empty()) return;
  const std::scoped_lock lock(mutex_);
  call_first();
}

void WaitQueue::wake_all() {
  if (empty()) return;
  const std::scoped_lock lock(mutex_);
  for (const auto& place : places_) call(place);
}

void WaitQueue::call_first() {
  const auto next = std::ranges::find_if(places_, [](const auto& place) { return !place->called_; });
  if (next != places_.end()) call(*next);
}

// The place is in the list and the lock is held: its coroutine, and so its reactor, are still there.
void WaitQueue::call(const std::shared_ptr<Place>& place) {
  if (std::exchange(place->called_, true)) return;
  place->reactor_.post([place] { place->event_.set(); });
}

}  // namespace tandem::balance
