// What is known of a server, as a value: what a process tells the one that replaces it. Instants are of the monotonic
// clock, which all processes share until the machine starts anew.
#pragma once
#include <cstdint>
#include <string>

#include "common/balance/health.h"

namespace tandem::balance {

enum class Admin : std::uint8_t { enabled, draining, disabled };  // what an operator ordered at run time
enum class FailureKind : std::uint8_t { none, refused, timeout, reset, closed_before_first_byte, tls };

struct ServerMemory {
  // who it is
  std::string upstream;
  std::string address;
  std::string name;

  HealthTracker::Memory health;
  Admin admin = Admin::enabled;
  FailureKind last_failure = FailureKind::none;
  std::uint64_t runtime_weight = 0;  // as Server keeps it
  std::uint64_t response = 0;        // as PeakAverage keeps it
  std::uint64_t connect = 0;
  std::uint64_t picks = 0;
  std::uint64_t failures = 0;
  Instant available_since{};  // zero: from the start
  Instant ejected_until{};    // zero: it is not
  bool operator==(const ServerMemory&) const = default;
};

// A server that discovery had found for an upstream.
struct DiscoveredMemory {
  std::string upstream;
  ServerOptions server;
};

}  // namespace tandem::balance
