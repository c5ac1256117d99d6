// By what callers are told apart in the tables of this room.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/address.h"

namespace tandem::limit {

// 16 bytes that name a caller exactly: an address, or 128 bits of a keyed hash of something longer.
using Key = std::array<std::uint8_t, 16>;

// Who counts as one caller: an IPv4 address, or the /64 of an IPv6 address, for whoever has one address there has all.
Key source(const IpAddress& address);

// Where a key lies in a table. Keyed by a secret of the process: who chooses keys cannot choose their places.
struct KeyHash {
  std::size_t operator()(const Key& key) const;
};

}  // namespace tandem::limit
