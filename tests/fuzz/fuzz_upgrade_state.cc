// What the process before tells: whatever it says is read or refused, and what was read says the same when it is
// written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/process/upgrade_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::process;
  const auto state = read_upgrade_state(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!state) return 0;
  const std::string text = write_upgrade_state(*state);
  const auto again = read_upgrade_state(text);
  if (!again || write_upgrade_state(*again) != text || again->servers != state->servers || again->notes != state->notes)
    std::abort();
  return 0;
}
