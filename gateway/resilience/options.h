// What the file says of an upstream's `retry` and `breaker`, as plain values: part of UpstreamConfig.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/clock.h"

namespace tandem::gateway {

struct RetryConfig {
  std::uint32_t times = 0;                     // tries after the first; 0: off
  bool on_connect = true;                      // no server could be connected to, after all `attempts`
  bool on_reset = true;                        // the connection ended before a byte of the answer
  std::vector<std::uint16_t> on = {502, 503};  // answers of a service
  double budget = 0.2;                         // of the requests lately
  bool non_idempotent = false;                 // POST and the like too
};

struct BreakerConfig {
  bool on = false;
  double failures = 0.5;  // the share at which it opens
  std::uint32_t of_at_least = 20;
  Duration within = std::chrono::seconds(10);
  Duration open_for = std::chrono::seconds(5);
};

}  // namespace tandem::gateway
