// max_memory of [process]: while more is resident, new work is refused, and what runs goes on. Looked at ten times a
// second, and only where there is a limit.
#pragma once
#include <cstdint>

#include "common/async/timer_wheel.h"

namespace tandem::process {

// Whether new work is to be refused. Any thread; costs a load.
bool memory_is_short();

// The control thread's; one in a process.
class MemoryGuard final : private async::Timer {
 public:
  MemoryGuard() : Timer(&MemoryGuard::fired) {}
  ~MemoryGuard();

  void set_limit(std::uint64_t bytes);  // the largest number: none. Looks at once

 private:
  static void fired(Timer& timer) noexcept;
  void look();
  void tell(bool is_short, std::uint64_t resident);

  std::uint64_t limit_ = 0;
  Instant trimmed_{};
};

}  // namespace tandem::process
