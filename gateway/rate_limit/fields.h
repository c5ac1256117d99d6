// What limits say of themselves in an answer: RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10), and the older X-RateLimit-* where that is asked for. Pure.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/rate_limit/charge.h"

namespace tandem::gateway {

// Of one exchange. Phase by phase, more is appended; each stays a list as structured fields have them.
class LimitFields {
 public:
  // Of all charges that do not only report and whose limits want to be told of.
  void add(std::span<const Charge> charges);
  // One limit with its item's name in quotes: `"people-failures"`, of which nothing is left for `wait`.
  void add_exhausted(std::string_view item, std::string_view policy, Duration wait);

  bool empty() const { return policy_.empty(); }
  std::string_view policy() const { return policy_; }
  std::string_view state() const { return state_; }
  // The tightest one's, where X-RateLimit-Limit, -Remaining and -Reset are wanted.
  struct Legacy {
    std::uint64_t limit = 0, remaining = 0;
    std::int64_t reset = 0;  // in seconds from now
  };
  bool has_legacy() const { return has_legacy_; }
  const Legacy& legacy() const { return legacy_; }

 private:
  void add(std::string_view item, std::string_view policy, const Standing& standing);
  void add_legacy(std::uint64_t limit, const Standing& standing);

  std::string policy_, state_;
  bool has_legacy_ = false;
  Legacy legacy_;
};

// Whole seconds, as fields have them: never less than the time.
std::int64_t field_seconds(Duration time);

}  // namespace tandem::gateway
