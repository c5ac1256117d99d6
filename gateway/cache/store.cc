#include "gateway/cache/store.h"

#include <algorithm>

namespace tandem::cache {

Store::Store(std::string name)
    : name_(std::move(name)),
      account_(std::make_shared<Account>(StoreOptions{}.size)),
      size_(StoreOptions{}.size),
      max_object_(StoreOptions{}.max_object) {}

void Store::configure(const StoreOptions& options) {
  size_ = options.size;
  account_->set_limit(options.size);
  max_object_ = options.max_object;
  while_revalidate_ = options.stale.while_revalidate;
  if_error_ = options.stale.if_error;
  while (account_->held() > options.size && evict_one()) {
  }
}

StaleDefaults Store::stale() const { return {while_revalidate_, if_error_}; }

std::shared_ptr<const Entry> Store::find_in(Part& part, const Key& key, const http::Fields& request) {
  auto entry = part.index.find(key.shared(), key.shared_hash(), request);
  if (!entry && key.has_own()) entry = part.index.find(key.own(), key.own_hash(), request);
  return entry;
}

std::shared_ptr<const Entry> Store::find(const Key& key, const http::Fields& request) {
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  return find_in(part, key, request);
}

Store::Joined Store::join(const Key& key, const http::Fields& request, const Entry* seen) {
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  auto entry = find_in(part, key, request);
  if (entry && entry.get() != seen) return {.entry = std::move(entry), .flight = nullptr};
  // What is known to be for everybody is fetched once for all; else callers have nothing in common.
  const Selection* newest = part.index.newest_selection(key.shared(), key.shared_hash());
  const bool shared = !key.per_caller() || newest != nullptr;
  if (!shared && !key.has_own()) {
    auto flight = add(part, key, false, std::nullopt);
    flight->closed = true;
    return {.entry = nullptr, .flight = std::move(flight), .leads = true};
  }
  if (!shared) newest = part.index.newest_selection(key.own(), key.own_hash());
  const std::uint64_t hash = shared ? key.shared_hash() : key.own_hash();
  const auto [first, last] = part.flights.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    Flight& flight = *it->second;
    const bool same =
        flight.shared() == shared && (shared ? flight.key().shared() == key.shared() : flight.key().own() == key.own());
    if (same && !flight.closed && flight.fits(request)) return {.entry = nullptr, .flight = it->second};
  }
  std::optional<Selection> expected;
  if (newest) {
    expected = *newest;
    for (Selection::Part& one : expected->parts) one.value = selected_value(request, one.name);
  }
  return {.entry = nullptr, .flight = add(part, key, shared, std::move(expected)), .leads = true};
}

std::shared_ptr<Flight> Store::add(Part& part, const Key& key, bool shared, std::optional<Selection> expected) {
  auto flight = std::make_shared<Flight>(key, shared, std::move(expected));
  part.flights.emplace(shared ? key.shared_hash() : key.own_hash(), flight);
  return flight;
}

std::shared_ptr<Flight> Store::alone(const Key& key) {
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  auto flight = add(part, key, !key.per_caller(), std::nullopt);
  flight->closed = true;
  return flight;
}

void Store::close(Flight& flight) {
  const std::scoped_lock lock(part_of(flight.key()).mutex);
  flight.closed = true;
}

void Store::forget(Part& part, const std::shared_ptr<Flight>& flight) {
  const Key& key = flight->key();
  const auto [first, last] = part.flights.equal_range(flight->shared() ? key.shared_hash() : key.own_hash());
  const auto found = std::ranges::find(first, last, flight, [](const auto& item) { return item.second; });
  if (found != last) part.flights.erase(found);
}

bool Store::land(const std::shared_ptr<Flight>& flight, std::shared_ptr<const Entry> entry) {
  const Key& key = flight->key();
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  forget(part, flight);
  if (flight->doomed) return false;
  if (!key.per_caller() || entry->head->policy().is_public) {
    part.index.insert(key.shared(), key.shared_hash(), key.url(), key.url_hash(), std::move(entry));
  } else if (key.has_own()) {
    part.index.insert(key.own(), key.own_hash(), key.url(), key.url_hash(), std::move(entry));
  }
  return true;
}

void Store::leave(const std::shared_ptr<Flight>& flight) {
  Part& part = part_of(flight->key());
  const std::scoped_lock lock(part.mutex);
  forget(part, flight);
}

void Store::erase(const Key& key, const Entry* entry) {
  Shard::Gone gone;
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  part.index.erase_entry(key.shared(), key.shared_hash(), entry, gone);
  if (key.has_own()) part.index.erase_entry(key.own(), key.own_hash(), entry, gone);
}

void Store::mark_passed(const Key& key, Instant until) {
  Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  part.passed[key.own_hash() % kPassMarks] = {key.own_hash(), until};
}

bool Store::passes(const Key& key, Instant now) const {
  const Part& part = part_of(key);
  const std::scoped_lock lock(part.mutex);
  const PassMark& mark = part.passed[key.own_hash() % kPassMarks];
  return mark.hash == key.own_hash() && now < mark.until;
}

void Store::unmark(const Key& key) { mark_passed(key, Instant{}); }

std::optional<Charge> Store::take(std::uint64_t bytes) {
  while (!account_->try_take(bytes)) {
    if (!evict_one()) return std::nullopt;
  }
  return Charge(account_, bytes);
}

// The parts take turns, so that each keeps its share.
bool Store::evict_one() {
  for (std::size_t i = 0; i < kShards; ++i) {
    Part& part = parts_[next_victim_.fetch_add(1, std::memory_order_relaxed) % kShards];
    std::shared_ptr<const Entry> gone;  // freed without the lock
    const std::scoped_lock lock(part.mutex);
    if (!part.index.evict(gone)) continue;
    evicted_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

std::size_t Store::purge(const std::function<void(Shard&, Shard::Gone&)>& erase,
                         const std::function<bool(const Flight&)>& concerns) {
  std::size_t count = 0;
  for (Part& part : parts_) {
    Shard::Gone gone;
    const std::scoped_lock lock(part.mutex);
    erase(part.index, gone);
    count += gone.size();
    for (auto it = part.flights.begin(); it != part.flights.end();) {
      if (!concerns(*it->second)) {
        ++it;
        continue;
      }
      it->second->doomed = true;
      it = part.flights.erase(it);  // whoever comes now asks anew
    }
  }
  return count;
}

std::size_t Store::purge_url(std::string_view url) {
  const std::uint64_t hash = hash_of(url);
  return purge([&](Shard& shard, Shard::Gone& gone) { shard.erase_url(url, hash, gone); },
               [&](const Flight& flight) { return flight.key().url() == url; });
}

std::size_t Store::purge_prefix(std::string_view prefix) {
  return purge([&](Shard& shard, Shard::Gone& gone) { shard.erase_prefix(prefix, gone); },
               [&](const Flight& flight) { return flight.key().url().starts_with(prefix); });
}

std::size_t Store::purge_group(std::string_view group, std::string_view origin) {
  return purge([&](Shard& shard, Shard::Gone& gone) { shard.erase_group(group, origin, gone); },
               [&](const Flight& flight) {
                 if (!origin.empty() && origin_of(flight.key().url()) != origin) return false;
                 return flight.in_group(group).value_or(true);
               });
}

void Store::shrink_by(std::uint64_t bytes) {
  const std::uint64_t held = account_->held();
  const std::uint64_t wanted = held - std::min(held, bytes);
  account_->set_limit(wanted);
  while (account_->held() > wanted && evict_one()) {
  }
}

void Store::grow_by(std::uint64_t bytes) {
  const std::uint64_t size = size_, limit = account_->limit();
  if (limit < size) account_->set_limit(limit + std::min(bytes, size - limit));
}

Store::Totals Store::totals() const {
  Totals totals{.bytes = account_->held(), .size = size_, .limit = account_->limit(), .evicted = evicted_};
  for (const Part& part : parts_) {
    const std::scoped_lock lock(part.mutex);
    totals.entries += part.index.entries();
    totals.flights += part.flights.size();
    for (const auto& [hash, flight] : part.flights) totals.waiting += flight->watching();
  }
  return totals;
}

void shrink(std::span<const std::shared_ptr<Store>> stores, std::uint64_t bytes) {
  double held = 0;
  for (const auto& store : stores) held += static_cast<double>(store->held());
  if (held <= 0) return;
  for (const auto& store : stores) {
    const double share = static_cast<double>(store->held()) / held;
    store->shrink_by(static_cast<std::uint64_t>(share * static_cast<double>(bytes)));
  }
}

}  // namespace tandem::cache
