#include "gateway/rate_limit/charge.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>
#include <mutex>

#include "common/limit/rate_table.h"

namespace tandem::gateway {
namespace {

using limit::CellTable;
using limit::to_instant;
using limit::to_word;

// The mutexes of every cell that the charges touch, in one order for all workers.
class Locks {
 public:
  explicit Locks(std::span<const Charge> charges) {
    assert(charges.size() <= kMostLimits);
    for (const Charge& one : charges) {
      LimitState& state = one.limit->state();
      if (one.allowance->rate) mutexes_[count_++] = &state.rates.mutex_of(one.key);
      if (one.allowance->quota) mutexes_[count_++] = &state.quotas.mutex_of(one.key);
    }
    const std::span all = held();
    if (count_ > 1) std::ranges::sort(all, std::less<>());
    for (std::mutex* mutex : all) mutex->lock();  // tables are each limit's own: none stands there twice
  }
  ~Locks() {
    for (std::mutex* mutex : held()) mutex->unlock();
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

 private:
  std::span<std::mutex*> held() { return std::span(mutexes_).first(count_); }

  std::array<std::mutex*, 2 * kMostLimits> mutexes_{};
  std::size_t count_ = 0;
};

// What a charge's cells say, and what they would say with it.
struct Found {
  CellTable::Cell* rate = nullptr;
  Instant rate_time, rate_taken;
  CellTable::Cell* quota = nullptr;
  QuotaWindow window;
  std::uint64_t used = 0;
};

void look(Charge& charge, Found& found, Instant now, WallTime wall) {
  const Allowance& allowance = *charge.allowance;
  LimitState& state = charge.limit->state();
  charge.fits = true;
  charge.wait = {};
  if (allowance.rate) {
    found.rate = &state.rates.find(charge.key);
    found.rate_time = to_instant(CellTable::word_in(*found.rate, charge.key));
    if (const auto taken = allowance.rate->take(found.rate_time, now, charge.cost)) {
      found.rate_taken = *taken;
    } else {
      charge.fits = false;
      charge.wait = allowance.rate->wait(found.rate_time, now, charge.cost);
      if (const Instant bounded = allowance.rate->bounded(found.rate_time, now); bounded < found.rate_time) {
        state.rates.put(*found.rate, charge.key, to_word(bounded));
      }
    }
  }
  if (allowance.quota) {
    found.quota = &state.quotas.find(charge.key);
    found.window = window_of(allowance.quota->unit, wall);
    found.used = used_of(CellTable::word_in(*found.quota, charge.key), found.window.index);
    if (found.used + charge.cost > allowance.quota->count) {
      charge.fits = false;
      charge.wait = std::max<Duration>(charge.wait, found.window.ends - wall);
    }
  }
}

void take(Charge& charge, Found& found) {
  LimitState& state = charge.limit->state();
  if (found.rate) {
    state.rates.put(*found.rate, charge.key, to_word(found.rate_taken));
    found.rate_time = found.rate_taken;
  }
  if (found.quota) {
    found.used += charge.cost;
    state.quotas.put(*found.quota, charge.key, quota_word(found.window.index, found.used));
  }
}

void tell(Charge& charge, const Found& found, Instant now, WallTime wall) {
  const Allowance& allowance = *charge.allowance;
  if (found.rate) {
    charge.rate.left = allowance.rate->left(found.rate_time, now);
    charge.rate.more = charge.fits ? allowance.rate->wait(found.rate_time, now, charge.rate.left + 1)
                                   : allowance.rate->wait(found.rate_time, now, charge.cost);
  }
  if (found.quota) {
    charge.quota.left = allowance.quota->count - std::min(found.used, allowance.quota->count);
    charge.quota.more = found.window.ends - wall;
  }
}

}  // namespace

bool charge(std::span<Charge> charges, Instant now, WallTime wall) {
  std::array<Found, kMostLimits> found;
  const Locks locks(charges);
  for (std::size_t i = 0; i < charges.size(); ++i) look(charges[i], found[i], now, wall);
  const bool admitted = std::ranges::all_of(charges, [](const Charge& one) { return one.fits || one.report; });
  for (std::size_t i = 0; i < charges.size(); ++i) {
    if (admitted && charges[i].fits) take(charges[i], found[i]);
    tell(charges[i], found[i], now, wall);
  }
  return admitted;
}

void give_back(std::span<Charge> charges, WallTime wall) {
  const Locks locks(charges);
  for (Charge& one : charges) {
    if (!one.fits) continue;
    LimitState& state = one.limit->state();
    const Allowance& allowance = *one.allowance;
    if (allowance.rate) {
      CellTable::Cell& cell = state.rates.find(one.key);
      const std::int64_t word = CellTable::word_in(cell, one.key);
      if (word != 0) state.rates.put(cell, one.key, to_word(allowance.rate->give_back(to_instant(word), one.cost)));
      one.rate.left = std::min(one.rate.left + one.cost, allowance.rate->burst());
    }
    if (allowance.quota) {
      CellTable::Cell& cell = state.quotas.find(one.key);
      const QuotaWindow window = window_of(allowance.quota->unit, wall);
      const std::uint64_t used = used_of(CellTable::word_in(cell, one.key), window.index);
      if (used >= one.cost) state.quotas.put(cell, one.key, quota_word(window.index, used - one.cost));
      one.quota.left = std::min(one.quota.left + one.cost, allowance.quota->count);
    }
  }
}

}  // namespace tandem::gateway
