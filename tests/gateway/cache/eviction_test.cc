// How much a cache of a given size answers itself, on traces like those of real sites: the index as it is (SIEVE)
// beside LRU and S3-FIFO, which stand here for comparison only. The README's table has these figures.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <list>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "gateway/cache/shard.h"

using namespace tandem;
using namespace tandem::cache;

namespace {

using Trace = std::vector<int>;

constexpr int kObjects = 10'000;
constexpr std::size_t kRequests = 100'000;

// Requests for kObjects things, of which the n-th is asked for in proportion to 1/n^exponent; a share of `once` asks
// for something that nobody asks for again, as crawlers do.
Trace zipf(double exponent, double once) {
  std::vector<double> sums;
  double sum = 0;
  for (int n = 1; n <= kObjects; ++n) sums.push_back(sum += std::pow(n, -exponent));
  std::mt19937_64 random(7);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  Trace trace;
  for (int next_new = kObjects; trace.size() < kRequests;) {
    if (uniform() < once) {
      trace.push_back(next_new++);
    } else {
      trace.push_back(static_cast<int>(std::ranges::lower_bound(sums, uniform() * sum) - sums.begin()));
    }
  }
  return trace;
}

class Sieve {
 public:
  explicit Sieve(std::size_t size) : size_(size) {}
  bool ask(int object) {
    const std::string key = std::to_string(object);
    const std::uint64_t hash = hash_of(key);
    if (shard_.find(key, hash, {})) return true;
    std::shared_ptr<const Entry> gone;
    if (shard_.entries() == size_) shard_.evict(gone);
    shard_.insert(key, hash, key, hash, entry_);
    return false;
  }

 private:
  const std::size_t size_;
  const http::Fields fields_;
  const Directives directives_;
  const std::shared_ptr<const Entry> entry_ = std::make_shared<Entry>(
      std::make_shared<StoredHead>(
          StoredHead::Parts{.fields = fields_, .directives = directives_, .policy = {}, .selection = {}, .date = {}}),
      std::make_shared<Body>());
  Shard shard_;
};

class Lru {
 public:
  explicit Lru(std::size_t size) : size_(size) {}
  bool ask(int object) {
    const auto found = places_.find(object);
    if (found != places_.end()) {
      queue_.splice(queue_.begin(), queue_, found->second);
      return true;
    }
    if (queue_.size() == size_) {
      places_.erase(queue_.back());
      queue_.pop_back();
    }
    queue_.push_front(object);
    places_[object] = queue_.begin();
    return false;
  }

 private:
  const std::size_t size_;
  std::list<int> queue_;
  std::unordered_map<int, std::list<int>::iterator> places_;
};

// Yang et al., SOSP 2023: a tenth of the room is for what is new; what is asked for there again moves on, the rest
// leaves its name in a list of as many as the main queue holds.
class S3Fifo {
 public:
  explicit S3Fifo(std::size_t size)
      : small_size_(std::max<std::size_t>(size / 10, 1)), main_size_(size - small_size_) {}
  bool ask(int object) {
    const auto found = uses_.find(object);
    if (found != uses_.end()) {
      found->second = std::min(found->second + 1, 3);
      return true;
    }
    while (small_.size() + main_.size() >= small_size_ + main_size_) evict();
    (ghosts_.erase(object) > 0 ? main_ : small_).push_back(object);
    uses_[object] = 0;
    return false;
  }

 private:
  void evict() {
    if (small_.size() < small_size_ && !main_.empty()) return evict_main();
    const int object = small_.front();
    small_.pop_front();
    if (uses_[object] > 0) {
      uses_[object] = 0;
      main_.push_back(object);
      return;
    }
    uses_.erase(object);
    ghosts_.insert(object);
    ghost_order_.push_back(object);
    for (; ghost_order_.size() > main_size_; ghost_order_.pop_front()) ghosts_.erase(ghost_order_.front());
  }
  void evict_main() {
    const int object = main_.front();
    main_.pop_front();
    if (int& uses = uses_[object]; uses > 0) {
      --uses;
      main_.push_back(object);
    } else {
      uses_.erase(object);
    }
  }

  const std::size_t small_size_;
  const std::size_t main_size_;
  std::deque<int> small_, main_, ghost_order_;
  std::unordered_set<int> ghosts_;
  std::unordered_map<int, int> uses_;
};

// The share of hits in the second half of the trace, in percent: the first half fills the cache.
template <typename Policy>
double hits(const Trace& trace, std::size_t size) {
  Policy policy(size);
  std::size_t count = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) count += policy.ask(trace[i]) && i >= trace.size() / 2;
  return 200.0 * static_cast<double>(count) / static_cast<double>(trace.size());
}

}  // namespace

TEST_CASE("SIEVE answers more than LRU of what a Zipf trace asks for, and about as much as S3-FIFO") {
  struct Row {
    double exponent, once;
    std::size_t size;  // in objects
    double sieve, lru, s3_fifo;
  };
  const Row rows[] = {
      {0.8, 0, 100, 28.2, 15.7, 27.7},  {0.8, 0, 1000, 52.2, 43.8, 53.2},  {1.0, 0, 100, 51.5, 39.3, 50.8},
      {1.0, 0, 1000, 73.5, 67.5, 73.7}, {1.0, 0.2, 100, 41.5, 29.1, 41.1}, {1.0, 0.2, 1000, 58.8, 50.2, 59.7},
  };
  for (const Row& row : rows) {
    CAPTURE(row.exponent);
    CAPTURE(row.once);
    CAPTURE(row.size);
    const Trace trace = zipf(row.exponent, row.once);
    const double sieve = hits<Sieve>(trace, row.size);
    const double lru = hits<Lru>(trace, row.size);
    const double s3_fifo = hits<S3Fifo>(trace, row.size);
    CHECK(sieve == doctest::Approx(row.sieve).epsilon(0.005));
    CHECK(lru == doctest::Approx(row.lru).epsilon(0.005));
    CHECK(s3_fifo == doctest::Approx(row.s3_fifo).epsilon(0.005));
    CHECK(sieve > lru);
    CHECK(sieve > s3_fifo - 1.5);
  }
}

TEST_CASE("what is asked for again and again outlives any number of things that are asked for once") {
  Sieve sieve(100);
  for (int round = 0; round < 2; ++round) {
    for (int object = 0; object < 50; ++object) sieve.ask(object);
  }
  for (int object = 1000; object < 11'000; ++object) {
    sieve.ask(object);
    sieve.ask(object % 50);
  }
  for (int object = 0; object < 50; ++object) CHECK(sieve.ask(object));
}
