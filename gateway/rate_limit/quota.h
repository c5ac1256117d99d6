// A quota: so many in a minute, an hour, a day or a month of the UTC calendar. Its count begins anew with the next one,
// whenever the first request came. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace tandem::gateway {

struct Quota {
  enum class Unit : std::uint8_t { minute, hour, day, month };
  std::uint64_t count = 1;
  Unit unit = Unit::day;

  static constexpr std::uint64_t kMost = 4'000'000'000;  // a count and its window are one word (see quota_word())

  static std::optional<Quota> parse(std::string_view text);  // "10000/day"; at most kMost
  std::string text() const;
  bool operator==(const Quota&) const = default;
};

std::string_view unit_name(Quota::Unit unit);  // "min", "h", "day", "month"

// The part of the calendar that holds a time.
struct QuotaWindow {
  std::uint32_t index = 0;  // counted from 1970; never 0
  WallTime ends;
  std::chrono::seconds length{};
};
QuotaWindow window_of(Quota::Unit unit, WallTime time);

// What has been used of a window as one word, larger the later the window and the more was used.
constexpr std::int64_t quota_word(std::uint32_t window, std::uint64_t used) {
  return static_cast<std::int64_t>(std::uint64_t{window} << 32 | used);
}
// What a word says has been used of this window; nothing, if it is of another.
constexpr std::uint64_t used_of(std::int64_t word, std::uint32_t window) {
  const auto bits = static_cast<std::uint64_t>(word);
  return bits >> 32 == window ? bits & 0xffff'ffff : 0;
}

}  // namespace tandem::gateway
