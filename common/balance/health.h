// What active checks say of one server: a pure state machine, fed with outcomes and instants. Lives in its Server; the
// control thread alone touches it, and publishes its verdict in the Server's atomics.
//
//             one good answer                       `fall` bad in a row
//   checking ----------------> up <------------------------------------> down
//       \____________________________ first round over ___________________/^
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/balance/options.h"

namespace tandem::balance {

enum class Health : std::uint8_t { checking, up, down };

// One check's end. `what` says it in words: "connection refused", "status 500", "no answer within 1 s".
struct CheckOutcome {
  bool passed = false;
  bool draining = false;  // the server itself asks for no new work (503 with Gateway-State: draining)
  std::string what;
  std::optional<IpEndpoint> admin = std::nullopt;  // where the server says that its own admin address is
};

class HealthTracker {
 public:
  // True when health() or draining() has changed by it.
  bool record(CheckOutcome outcome, const HealthOptions& options, Instant now);

  // At boot: what has not passed a check by now counts as down. True when that changed something.
  bool end_first_round(Instant now);

  // The time until the next check: `every`, a quarter of it while in doubt (between the first contrary outcome and the
  // decision), moved by up to a tenth either way by `jitter` (0 to 1) so that checks of many servers don't march in
  // step.
  Duration next_in(const HealthOptions& options, double jitter) const;

  // All that it knows, for the process that replaces this one.
  struct Memory {
    Health health = Health::checking;
    bool draining = false;
    bool was_up = false;
    std::uint32_t passed_in_a_row = 0;
    std::uint32_t failed_in_a_row = 0;
    std::uint64_t outcomes = 0;
    bool last_passed = false;
    std::string last_what;
    Instant last_at{};
    bool operator==(const Memory&) const = default;
  };
  Memory memory() const;
  void recall(Memory memory);

  Health health() const { return health_; }
  bool draining() const { return draining_; }
  bool checked() const { return outcomes_ > 0; }
  const CheckOutcome& last() const { return last_; }
  Instant last_at() const { return last_at_; }

  std::string why() const;  // "3 checks failed, last: connection refused"; empty when there is nothing to say
  std::string why(Instant now) const;  // the same with ", 4 s ago"

 private:
  bool in_doubt() const;

  Health health_ = Health::checking;
  bool draining_ = false;
  bool was_up_ = false;  // `rise` is for a server that was up before; a new one comes with its first good answer
  std::uint32_t passed_in_a_row_ = 0;
  std::uint32_t failed_in_a_row_ = 0;
  std::uint64_t outcomes_ = 0;
  CheckOutcome last_;
  Instant last_at_{};
};

}  // namespace tandem::balance
