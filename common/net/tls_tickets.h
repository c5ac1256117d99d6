// The keys under which a server's session tickets are sealed: one ring for the process, so that every worker and every
// generation opens what another one sealed, renewed by time, so that a stolen key opens little.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "common/base/clock.h"

namespace tandem::net {

class TicketKeys {
 public:
  static constexpr Duration kRenewed = std::chrono::hours(1);   // how long a key seals
  static constexpr Duration kLifetime = std::chrono::hours(2);  // of a ticket; a key opens as long after its last use

  struct Key {
    std::array<std::uint8_t, 16> name;
    std::array<std::uint8_t, 32> seal;  // AES-256-CBC
    std::array<std::uint8_t, 32> sign;  // HMAC-SHA256
    Instant made;
  };

  static TicketKeys& shared();

  // The key to seal with now; nothing when the system gives no randomness. From every thread.
  std::optional<Key> sealing(Instant now);
  // The key of that name, if it may still open; `old` when a new ticket should follow. From every thread.
  std::optional<Key> opening(const std::uint8_t* name, Instant now, bool& old);

 private:
  std::mutex mutex_;
  std::vector<Key> keys_;  // newest first; guarded by mutex_
};

}  // namespace tandem::net
