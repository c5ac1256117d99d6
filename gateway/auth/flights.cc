#include "gateway/auth/flights.h"

namespace tandem::gateway {

std::shared_ptr<Flights::Flight> Flights::join(const Verified::Hash& mark, const std::shared_ptr<Place>& place) {
  const std::scoped_lock lock(mutex_);
  const auto [known, is_own] = flights_.try_emplace(mark);
  if (is_own) {
    known->second = std::make_shared<Flight>();
    return nullptr;
  }
  known->second->waiting.push_back(place);
  return known->second;
}

std::optional<AuthVerdict> Flights::leave(Flight& flight, const std::shared_ptr<Place>& place) {
  const std::scoped_lock lock(mutex_);
  std::erase(flight.waiting, place);
  return flight.verdict;
}

// Who waits is in the list, so its coroutine, and with that its reactor, are still there.
void Flights::end(const Verified::Hash& mark, const AuthVerdict& verdict) {
  const std::scoped_lock lock(mutex_);
  const auto known = flights_.find(mark);
  const std::shared_ptr<Flight> flight = std::move(known->second);
  flights_.erase(known);
  if (verdict || verdict.error().is_verdict()) flight->verdict = verdict;
  for (const auto& place : flight->waiting) place->reactor.post([place] { place->landed.set(); });
}

}  // namespace tandem::gateway
