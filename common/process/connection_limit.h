// How many connections are open, at a listener and in the whole process, against the most that may be: exact over all
// workers. ConnectionLimits is owned by main and outlives the workers; its table is the control thread's, the limits
// are everyone's.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "common/base/warning_pace.h"
#include "common/process/room_makers.h"

namespace tandem::process {

class ConnectionLimit {
 public:
  explicit ConnectionLimit(std::uint32_t most) : most_(most) {}

  bool try_enter();                                                // false: full, and nothing has changed
  void enter() { open_.fetch_add(1, std::memory_order_relaxed); }  // for one that must not be turned away
  void leave() { open_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }
  std::uint32_t most() const { return most_.load(std::memory_order_relaxed); }
  void set_most(std::uint32_t most) { most_.store(most, std::memory_order_relaxed); }  // a reload; what is open stays
  bool full() const { return open() >= most(); }
  WarningPace& warnings() { return warnings_; }

 private:
  std::atomic<std::uint32_t> most_;
  std::atomic<std::uint32_t> open_{0};
  WarningPace warnings_;
};

class ConnectionLimits {
 public:
  explicit ConnectionLimits(std::uint32_t most) : process_(most) {}

  ConnectionLimit& process() { return process_; }
  // `most`: what may be; fewer than `wanted` for want of descriptors.
  void set_process(std::uint32_t most, std::uint32_t wanted);
  bool limited_by_descriptors() const { return few_descriptors_.load(std::memory_order_relaxed); }

  // That of the listener of this name, from now on with `most`. A reload finds the one of before, with what is open,
  // as long as a generation or a connection's listener holds it.
  std::shared_ptr<ConnectionLimit> listener(const std::string& name, std::uint32_t most);

  // The same, without a change; null where there is none of this name.
  std::shared_ptr<const ConnectionLimit> find(const std::string& name) const;

  RoomMakers& room_makers() { return room_makers_; }

 private:
  ConnectionLimit process_;
  std::atomic<bool> few_descriptors_{false};
  std::map<std::string, std::weak_ptr<ConnectionLimit>> listeners_;
  RoomMakers room_makers_;
};

}  // namespace tandem::process
