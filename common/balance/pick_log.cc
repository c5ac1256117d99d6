#include "common/balance/pick_log.h"

#include <utility>

namespace tandem::balance {

using namespace std::chrono_literals;

bool PickLog::due(Instant now) {
  Instant::rep due = due_at_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  return due_at_.compare_exchange_strong(due, (now + 100ms).time_since_epoch().count(), std::memory_order_relaxed);
}

void PickLog::add(PickRecord record) {
  const std::scoped_lock lock(mutex_);
  records_.push_front(std::move(record));
  if (records_.size() > kKept) records_.pop_back();
}

std::vector<PickRecord> PickLog::last() const {
  const std::scoped_lock lock(mutex_);
  return {records_.begin(), records_.end()};
}

}  // namespace tandem::balance
