#include "common/config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace tandem::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the smallest up, so that formatting can look for the largest that divides.
constexpr std::array<Unit, 4> kDurations = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 4> kSizes = {{{"B", 1}, {"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30}}};

struct Period {
  std::string_view name;
  std::chrono::seconds length;
};
constexpr std::array<Period, 4> kPeriods = {{{"/s", std::chrono::seconds(1)},
                                             {"/min", std::chrono::minutes(1)},
                                             {"/h", std::chrono::hours(1)},
                                             {"/day", std::chrono::hours(24)}}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name == name && number <= max / unit.factor) return number * unit.factor;
  }
  return std::nullopt;
}

std::string format(std::uint64_t number, std::span<const Unit> units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) best = &unit;
  }
  return fmt::format("{}{}", number / best->factor, best->name);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  using std::chrono::milliseconds;
  constexpr auto kMost =
      static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(std::chrono::hours(24 * 366)).count());
  const auto number = parse(text, kDurations, kMost);
  if (!number) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*number));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizes, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

std::optional<double> parse_share(std::string_view text) {
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
  if (error != std::errc() || text.substr(static_cast<std::size_t>(end - text.data())) != "%") return std::nullopt;
  const auto is_written_plainly = [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '%'; };
  if (!std::ranges::all_of(text, is_written_plainly) || text.starts_with('.') || !(percent <= 100)) return std::nullopt;
  return percent / 100.0;
}

std::optional<limit::Rate> parse_rate(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count == 0) return std::nullopt;
  const std::string_view period = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Period& known : kPeriods) {
    if (period != known.name) continue;
    constexpr std::uint64_t kMostPerSecond = 1'000'000;
    const auto seconds = static_cast<std::uint64_t>(known.length.count());
    if (count > kMostPerSecond * seconds) return std::nullopt;
    return limit::Rate{count, known.length};
  }
  return std::nullopt;
}

std::string format_duration(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return count == 0 ? "0s" : format(static_cast<std::uint64_t>(count), kDurations);
}

std::string format_size(std::uint64_t size) { return format(size, kSizes); }

std::string format_share(double share) { return fmt::format("{:.6g}%", share * 100.0); }

std::string format_rate(limit::Rate rate) {
  const auto* known = std::ranges::find(kPeriods, rate.period, &Period::length);
  return fmt::format("{}{}", rate.count, known->name);
}

}  // namespace tandem::config
