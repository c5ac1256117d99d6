// Where something stands in the configuration: which of the loaded files (an index into Diagnostics), line and column,
// both from 1. A small value; routing keeps the places of `match` and `to` so that it can point at them.
#pragma once
#include <compare>
#include <cstdint>

namespace tandem::config {

struct Place {
  std::uint32_t file = 0;
  std::uint32_t line = 0;  // 0: no place in a file (a default, or the command line)
  std::uint32_t column = 0;

  bool known() const { return line != 0; }
  auto operator<=>(const Place&) const = default;
};

}  // namespace tandem::config
