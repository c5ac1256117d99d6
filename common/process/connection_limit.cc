#include "common/process/connection_limit.h"

namespace tandem::process {

bool ConnectionLimit::try_enter() {
  std::uint32_t open = open_.load(std::memory_order_relaxed);
  while (open < most()) {
    if (open_.compare_exchange_weak(open, open + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void ConnectionLimits::set_process(std::uint32_t most, std::uint32_t wanted) {
  few_descriptors_.store(most < wanted, std::memory_order_relaxed);
  process_.set_most(most);
}

std::shared_ptr<ConnectionLimit> ConnectionLimits::listener(const std::string& name, std::uint32_t most) {
  std::erase_if(listeners_, [](const auto& entry) { return entry.second.expired(); });
  auto limit = listeners_[name].lock();
  if (!limit) listeners_[name] = limit = std::make_shared<ConnectionLimit>(most);
  limit->set_most(most);
  return limit;
}

std::shared_ptr<const ConnectionLimit> ConnectionLimits::find(const std::string& name) const {
  const auto found = listeners_.find(name);
  return found == listeners_.end() ? nullptr : found->second.lock();
}

}  // namespace tandem::process
