// Quantities as the dialect writes them, always with a unit: durations "500ms" "5s" "2m" "1h", sizes "64KiB" "1MiB",
// shares "50%", rates "100/s". Pure functions; nothing where the text is none, or too large to hold.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/limit/rate.h"

namespace tandem::config {

std::optional<Duration> parse_duration(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);
std::optional<double> parse_share(std::string_view text);  // 0.5 for "50%"; above 100 % is none
std::optional<limit::Rate> parse_rate(
    std::string_view text);  // "60/min"; by s, min, h or day, at most a million a second

// The shortest text that parses to the same: "90s", "1500ms", "2h".
std::string format_duration(Duration duration);
std::string format_size(std::uint64_t size);
std::string format_share(double share);
std::string format_rate(limit::Rate rate);

}  // namespace tandem::config
