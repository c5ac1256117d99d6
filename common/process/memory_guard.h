// max_memory of [process]: while more is resident, new work is refused, and what runs goes on. What is held only to
// save work, such as stored answers, goes first. Looked at ten times a second, and only where there is a limit.
#pragma once
#include <cstdint>
#include <functional>

#include "common/async/timer_wheel.h"

namespace tandem::process {

// Whether new work is to be refused. Any thread; costs a load.
bool memory_is_short();

// What a program holds only to save work. Called on the control thread, at most once a second.
struct Spare {
  std::function<void(std::uint64_t bytes)> give_back = {};  // memory is getting short by so many. May be empty
  std::function<void(std::uint64_t bytes)> take_more = {};  // so many can be had again. May be empty
};

// The control thread's; one in a process.
class MemoryGuard final : private async::Timer {
 public:
  explicit MemoryGuard(Spare spare = {}) : Timer(&MemoryGuard::fired), spare_(std::move(spare)) {}
  ~MemoryGuard();

  void set_limit(std::uint64_t bytes);  // the largest number: none. Looks at once

 private:
  static void fired(Timer& timer) noexcept;
  void look();
  std::uint64_t make_room(std::uint64_t resident);
  void tell(bool is_short, std::uint64_t resident);

  const Spare spare_;
  std::uint64_t limit_ = 0;
  Instant made_room_{};
};

}  // namespace tandem::process
