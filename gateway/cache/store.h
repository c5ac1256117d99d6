// A cache of answers, shared by all workers: found by name again after a reload. Locks are held for a look-up or a
// change of the index only, never while anything is read, sent or waited for. Any thread.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/cache/account.h"
#include "gateway/cache/entry.h"
#include "gateway/cache/flight.h"
#include "gateway/cache/key.h"
#include "gateway/cache/shard.h"

namespace tandem::cache {

struct StoreOptions {
  std::uint64_t size = 256 * 1024 * 1024;  // bytes held
  std::uint64_t max_object = 1024 * 1024;  // of a body
  StaleDefaults stale;
};

// How long requests for what could not be stored go their own ways at once, without waiting for one another.
inline constexpr Duration kPassFor = std::chrono::seconds(10);

class Store {
 public:
  explicit Store(std::string name);

  const std::string& name() const { return name_; }
  void configure(const StoreOptions& options);  // what is too much now goes
  std::uint64_t max_object() const { return max_object_.load(std::memory_order_relaxed); }
  StaleDefaults stale() const;

  // The stored answer for a request: one for everybody before one for this caller.
  std::shared_ptr<const Entry> find(const Key& key, const http::Fields& request);

  // To get an answer for a request that has none, or `seen` only: what was stored meanwhile, or the flight to wait for;
  // `leads`: a new one, to be ended with land() or leave().
  struct Joined {
    std::shared_ptr<const Entry> entry;
    std::shared_ptr<Flight> flight;
    bool leads = false;
  };
  Joined join(const Key& key, const http::Fields& request, const Entry* seen);
  // A flight that nobody else joins, to be ended likewise.
  std::shared_ptr<Flight> alone(const Key& key);
  // Nobody joins it from now on.
  void close(Flight& flight);

  // Ends the flight: its entry is found from now on, under the key for everybody or the caller's own; not if it was
  // purged on the way. False: it was.
  bool land(const std::shared_ptr<Flight>& flight, std::shared_ptr<const Entry> entry);
  void leave(const std::shared_ptr<Flight>& flight);  // without an entry
  void erase(const Key& key, const Entry* entry);     // this very one

  // What was asked for lately and could not be stored.
  void mark_passed(const Key& key, Instant until);
  bool passes(const Key& key, Instant now) const;
  void unmark(const Key& key);

  // Room for so many bytes, if others must go for them. Nothing where even that is not enough.
  std::optional<Charge> take(std::uint64_t bytes);

  // Each gives how many entries went. Flights that may bring such an answer store nothing.
  std::size_t purge_url(std::string_view url);
  std::size_t purge_prefix(std::string_view prefix);
  std::size_t purge_group(std::string_view group, std::string_view origin = {});

  // Lets go of entries until `bytes` less are held, as far as there are any, and holds no more than that from now on.
  void shrink_by(std::uint64_t bytes);
  // After that: it may hold so many more again, up to its size.
  void grow_by(std::uint64_t bytes);

  struct Totals {
    std::uint64_t bytes = 0;
    std::uint64_t size = 0;   // as configured
    std::uint64_t limit = 0;  // less than that where memory is short
    std::size_t entries = 0;
    std::size_t flights = 0;
    std::size_t waiting = 0;  // requests that look on at one
    std::uint64_t evicted = 0;
  };
  Totals totals() const;
  std::uint64_t held() const { return account_->held(); }  // bytes

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kPassMarks = 256;  // in a shard

  struct PassMark {
    std::uint64_t hash = 0;
    Instant until{};
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    Shard index;
    std::unordered_multimap<std::uint64_t, std::shared_ptr<Flight>> flights;  // by the hash of their key
    std::array<PassMark, kPassMarks> passed;
  };
  Part& part_of(const Key& key) { return parts_[key.url_hash() % kShards]; }
  const Part& part_of(const Key& key) const { return parts_[key.url_hash() % kShards]; }

  static std::shared_ptr<const Entry> find_in(Part& part, const Key& key, const http::Fields& request);
  static std::shared_ptr<Flight> add(Part& part, const Key& key, bool shared, std::optional<Selection> expected);
  static void forget(Part& part, const std::shared_ptr<Flight>& flight);
  bool evict_one();
  std::size_t purge(const std::function<void(Shard&, Shard::Gone&)>& erase,
                    const std::function<bool(const Flight&)>& concerns);

  const std::string name_;
  const std::shared_ptr<Account> account_;
  std::atomic<std::uint64_t> size_;
  std::atomic<std::uint64_t> max_object_;
  std::atomic<Seconds> while_revalidate_{0};
  std::atomic<Seconds> if_error_{0};
  std::atomic<std::size_t> next_victim_{0};
  std::atomic<std::uint64_t> evicted_{0};
  std::array<Part, kShards> parts_;
};

// Takes about so many bytes from all of them, from each by what it holds.
void shrink(std::span<const std::shared_ptr<Store>> stores, std::uint64_t bytes);

}  // namespace tandem::cache
