// A listener as the process sees it: its name, and its address as it is configured.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/address.h"

namespace tandem::process {

struct ListenerAddress {
  std::string name;
  Address address;
  std::optional<std::uint32_t> mode = {};  // of a unix socket's file, when it is bound; else as the umask says
};

// Stands for the admin address among listeners: no listener can be called so.
inline constexpr const char* kAdminName = "";

// Over a reload, and from one process to the next, listeners are the same when their address is. Port 0 says nothing of
// the port that was taken, so there the name decides.
inline bool same_listener(const ListenerAddress& a, const ListenerAddress& b) {
  if (a.address.to_string() != b.address.to_string()) return false;
  return a.address.is_unix() || a.address.endpoint().port != 0 || a.name == b.name;
}

}  // namespace tandem::process
