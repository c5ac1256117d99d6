#include "gateway/rate_limit/quota.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace tandem::gateway {
namespace {

using Unit = Quota::Unit;
using namespace std::chrono;

constexpr std::array kUnits = {Unit::minute, Unit::hour, Unit::day, Unit::month};

template <class Length>
QuotaWindow regular(WallTime time) {
  const auto begin = floor<Length>(time);
  return {static_cast<std::uint32_t>(begin.time_since_epoch().count() + 1), begin + Length(1), Length(1)};
}

QuotaWindow month_of(WallTime time) {
  const year_month_day date(floor<days>(time));
  const year_month month(date.year(), date.month());
  const sys_days begin(month / 1), end((month + months(1)) / 1);
  const int since =
      (static_cast<int>(month.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(month.month()));
  return {static_cast<std::uint32_t>(since), end, end - begin};
}

}  // namespace

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::minute: return "min";
    case Unit::hour: return "h";
    case Unit::day: return "day";
    case Unit::month: break;
  }
  return "month";
}

std::optional<Quota> Quota::parse(std::string_view text) {
  Quota quota;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quota.count);
  if (error != std::errc() || quota.count == 0 || quota.count > kMost) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit unit : kUnits) {
    if (!text.starts_with('/') || text.substr(1) != unit_name(unit)) continue;
    quota.unit = unit;
    return quota;
  }
  return std::nullopt;
}

std::string Quota::text() const { return fmt::format("{}/{}", count, unit_name(unit)); }

QuotaWindow window_of(Unit unit, WallTime time) {
  switch (unit) {
    case Unit::minute: return regular<minutes>(time);
    case Unit::hour: return regular<hours>(time);
    case Unit::day: return regular<days>(time);
    case Unit::month: break;
  }
  return month_of(time);
}

}  // namespace tandem::gateway
