#include "gateway/rate_limit/shared.h"

#include <algorithm>
#include <array>

namespace tandem::gateway {
namespace {

// KEYS: two for each limit, of its rate and of its quota. ARGV: six for each: interval in microseconds (0: no rate),
// burst, quota (0: none), the quota's seconds (0: a month), cost, and 1 if it only reports. Gives whether the request
// may come, and four for each limit: 1 if there was enough left, what has been taken in microseconds, the quota's use,
// and the milliseconds until its next window. A rate's key holds the microsecond up to which has been taken, a quota's
// "window:used". A hundredth of an interval is forgiven, for numbers are rounded on their way.
constexpr const char* kSource = R"lua(
local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + tonumber(time[2])

local function month()
  local days = math.floor(seconds / 86400)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5)
  local m = mp < 10 and mp + 3 or mp - 9
  local y = yoe + era * 400 + (m <= 2 and 1 or 0)
  local length = ({31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31})[m]
  if m == 2 and (y % 4 == 0 and y % 100 ~= 0 or y % 400 == 0) then length = 29 end
  return (y - 1970) * 12 + m, (days - day + length) * 86400
end

local function window(unit)
  if unit == 0 then return month() end
  local index = math.floor(seconds / unit)
  return index + 1, (index + 1) * unit
end

local function put(key, value, microseconds)
  redis.call('SET', key, value, 'PX', string.format('%.0f', math.max(math.ceil(microseconds / 1000), 1)))
end

local function put_time(key, ahead)
  put(key, string.format('%.2f', now + ahead), ahead)
end

local outcome, changes, admitted = {0}, {}, 1
for i = 1, #KEYS / 2 do
  local a = (i - 1) * 6
  local interval, burst, quota = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local unit, cost, report = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5]), ARGV[a + 6] == '1'
  local fits, debt, used, left, taken, counted = 1, 0, 0, 0, nil, nil
  if interval > 0 then
    local full = burst * interval
    local ahead = (tonumber(redis.call('GET', KEYS[2 * i - 1]) or '0') or 0) - now
    debt = math.min(math.max(ahead, 0), full)
    taken = debt + cost * interval
    if taken > full + interval / 100 then
      fits = 0
      if ahead > full + interval then put_time(KEYS[2 * i - 1], full) end
    end
  end
  if quota > 0 then
    local index, ends = window(unit)
    left = ends * 1000 - math.floor(now / 1000)
    local value = redis.call('GET', KEYS[2 * i])
    local known, count = string.match(value or '', '^(%d+):(%d+)$')
    if tonumber(known) == index then used = tonumber(count) end
    if used + cost > quota then fits = 0 end
    counted = index .. ':' .. string.format('%.0f', used + cost)
  end
  if fits == 0 and not report then admitted = 0 end
  changes[i] = {fits, taken, counted, used + cost, left}
  outcome[#outcome + 1] = fits
  outcome[#outcome + 1] = math.floor(debt)
  outcome[#outcome + 1] = used
  outcome[#outcome + 1] = left
end
outcome[1] = admitted
if admitted == 0 then return outcome end
for i, change in ipairs(changes) do
  local fits, taken, counted, used, left = unpack(change, 1, 5)
  if fits == 1 and taken then
    put_time(KEYS[2 * i - 1], taken)
    outcome[4 * i - 1] = math.floor(taken)
  end
  if fits == 1 and counted then
    put(KEYS[2 * i], counted, left * 1000)
    outcome[4 * i] = used
  end
end
return outcome
)lua";

constexpr std::size_t kPerLimit = 4;  // numbers in the outcome

constexpr std::string_view kReports[] = {"0", "1"};

void tell(Charge& charge, Duration debt, std::uint64_t used, Duration left) {
  const Allowance& allowance = *charge.allowance;
  charge.wait = {};
  if (allowance.rate) {
    const Instant cell = Instant{} + debt;
    const std::uint64_t more = allowance.rate->left(cell, Instant{});
    charge.rate = {more, allowance.rate->wait(cell, Instant{}, charge.fits ? more + 1 : charge.cost)};
    if (!charge.fits) charge.wait = charge.rate.more;
  }
  if (allowance.quota) {
    charge.quota = {allowance.quota->count - std::min(used, allowance.quota->count), left};
    if (!charge.fits && used + charge.cost > allowance.quota->count) charge.wait = std::max(charge.wait, left);
  }
}

}  // namespace

const redis::Script& limit_script() {
  static const redis::Script script(kSource);
  return script;
}

SharedCall::SharedCall(std::span<const Charge> charges, std::span<const std::string> keys, std::string_view prefix) {
  texts_.reserve(3 * charges.size());  // views point into it
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const Charge& one = charges[i];
    std::string key;
    key.append(prefix).append(one.limit->name()).append(":").append(keys[i]);
    keys_.push_back(texts_.emplace_back(key));
    keys_.push_back(texts_.emplace_back(key + ":quota"));
    for (const std::string& argument : one.allowance->script_arguments) arguments_.push_back(argument);
    arguments_.push_back(texts_.emplace_back(std::to_string(one.cost)));
    arguments_.push_back(kReports[one.report ? 1 : 0]);
  }
}

std::optional<bool> read_outcome(const redis::Reply& reply, std::span<Charge> charges) {
  using Kind = redis::Reply::Kind;
  if (reply.kind != Kind::list || reply.list.size() != 1 + kPerLimit * charges.size()) return std::nullopt;
  const auto is_number = [](const redis::Reply& one) { return one.kind == Kind::integer && one.integer >= 0; };
  if (!std::ranges::all_of(reply.list, is_number)) return std::nullopt;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const redis::Reply* said = &reply.list[1 + kPerLimit * i];
    const auto bounded = [](std::int64_t number, std::int64_t most) { return std::min(number, most); };
    constexpr std::int64_t kLongest = std::int64_t{400} * 24 * 3600 * 1000;  // milliseconds
    charges[i].fits = said[0].integer == 1;
    tell(charges[i], std::chrono::microseconds(bounded(said[1].integer, kLongest * 1000)),
         static_cast<std::uint64_t>(said[2].integer), std::chrono::milliseconds(bounded(said[3].integer, kLongest)));
  }
  return reply.list[0].integer == 1;
}

std::vector<std::string> probe_of(std::string_view prefix) {
  const std::string key = std::string(prefix) + "probe";
  return {"EVAL", limit_script().source, "2", key, key + ":quota", "1", "1000000", "0", "0", "1", "0"};
}

}  // namespace tandem::gateway
