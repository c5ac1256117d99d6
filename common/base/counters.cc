#include "common/base/counters.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

namespace tandem {
namespace {

using namespace std::chrono_literals;
// From what a connection within one rack takes to what a person waits for at most; at most 2.5 times apart.
constexpr std::array<Duration, 17> kBounds = {100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms, 50ms,
                                              100ms, 250ms, 500ms, 1s,  2500ms, 5s,  10s,  30s};
constexpr std::uint32_t kHistogramCells = kBounds.size() + 3;  // bounds, +Inf, count, sum

// A slab grows by chunks that never move, so a reader may walk it while its thread counts.
constexpr std::uint32_t kChunk = 1024;
constexpr std::uint32_t kChunks = 4096;  // four million cells; whoever comes later counts into nothing
using Chunk = std::array<std::atomic<std::uint64_t>, kChunk>;

struct Slab {
  std::array<std::atomic<Chunk*>, kChunks> chunks{};
  ~Slab() {
    for (auto& chunk : chunks) delete chunk.load();
  }
  std::atomic<std::uint64_t>& cell(std::uint32_t index) {
    auto& place = chunks[index / kChunk];
    Chunk* chunk = place.load(std::memory_order_acquire);
    if (!chunk) place.store(chunk = new Chunk(), std::memory_order_release);
    return (*chunk)[index % kChunk];
  }
  std::uint64_t read(std::uint32_t index) const {
    const Chunk* chunk = chunks[index / kChunk].load(std::memory_order_acquire);
    return chunk ? (*chunk)[index % kChunk].load(std::memory_order_relaxed) : 0;
  }
};

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Slab>> slabs;       // never shrinks: what an ended thread counted still counts
  std::vector<Slab*> free;                        // slabs of ended threads, for the next ones
  std::uint32_t next_cell = 1 + kHistogramCells;  // the first cells belong to default-made handles
  std::map<std::string, Counters::Family, std::less<>> families;
  std::map<std::string, std::size_t> index;  // name and labels, to the member's place in its family
};
Registry& registry() {
  static auto* r = new Registry();  // outlives every thread
  return *r;
}

struct ThreadSlab {
  Slab* slab;
  ThreadSlab() {
    Registry& r = registry();
    const std::scoped_lock lock(r.mutex);
    if (r.free.empty()) {
      slab = r.slabs.emplace_back(std::make_unique<Slab>()).get();
    } else {
      slab = r.free.back();
      r.free.pop_back();
    }
  }
  ~ThreadSlab() {
    const std::scoped_lock lock(registry().mutex);
    registry().free.push_back(slab);
  }
};

Slab& this_threads_slab() {
  thread_local ThreadSlab mine;
  return *mine.slab;
}

void add(std::uint32_t cell, std::uint64_t n) {
  auto& value = this_threads_slab().cell(cell);
  value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);  // only this thread writes
}

std::uint64_t sum_of(const Registry& r, std::uint32_t cell) {
  std::uint64_t sum = 0;
  for (const auto& slab : r.slabs) sum += slab->read(cell);
  return sum;
}

std::uint64_t read(std::uint32_t cell) {
  Registry& r = registry();
  const std::scoped_lock lock(r.mutex);
  return sum_of(r, cell);
}

// Calls `read` for 0 to `count` - 1 with the lock held, which is let go now and then.
template <class Read>
void in_runs(std::size_t count, Read read) {
  constexpr std::size_t kRun = 256;
  Registry& r = registry();
  for (std::size_t begin = 0; begin < count; begin += kRun) {
    const std::scoped_lock lock(r.mutex);
    for (std::size_t i = begin; i < std::min(count, begin + kRun); ++i) read(r, i);
  }
}

void register_cells(std::string_view name, std::string_view help, const Labels& labels, bool is_histogram,
                    const std::function<void(Counters::Family::Member&, std::uint32_t)>& fill,
                    Counters::Family::Member& out) {
  std::string key(name);
  for (const auto& [label, value] : labels) key.append(1, '\0').append(label).append(1, '\0').append(value);
  Registry& r = registry();
  const std::scoped_lock lock(r.mutex);
  auto& family = r.families[std::string(name)];
  if (const auto found = r.index.find(key); found != r.index.end()) {
    out = family.members[found->second];
    return;
  }
  family.name = name;
  if (family.help.empty()) family.help = help;
  family.is_histogram = is_histogram;
  out.labels = labels;
  const std::uint32_t size = is_histogram ? kHistogramCells : 1;
  if (kChunk * kChunks - r.next_cell < size) return;  // counts into nothing: servers that DNS tells come without end
  const std::uint32_t cell = r.next_cell;
  r.next_cell += size;
  fill(out, cell);
  r.index.emplace(std::move(key), family.members.size());
  family.members.push_back(out);
}

}  // namespace

void Counter::add(std::uint64_t n) const { tandem::add(cell_, n); }
std::uint64_t Counter::value() const { return cell_ ? read(cell_) : 0; }

void Histogram::observe(Duration value) const {
  std::uint32_t bucket = 0;
  while (bucket < kBounds.size() && value > kBounds[bucket]) ++bucket;
  tandem::add(cell_ + bucket, 1);
  tandem::add(cell_ + kBounds.size() + 1, 1);
  tandem::add(cell_ + kBounds.size() + 2, static_cast<std::uint64_t>(std::max(value.count(), Duration::rep{0})));
}
std::uint64_t Histogram::count() const { return read(cell_ + kBounds.size() + 1); }
double Histogram::sum_seconds() const { return static_cast<double>(read(cell_ + kBounds.size() + 2)) / 1e9; }
std::vector<std::uint64_t> Histogram::bucket_counts() const {
  std::vector<std::uint64_t> counts(kBounds.size());
  std::uint64_t below = 0;
  for (std::uint32_t i = 0; i < kBounds.size(); ++i) counts[i] = below += read(cell_ + i);
  return counts;
}
std::span<const Duration> Histogram::bounds() { return kBounds; }

Counter Counters::counter(std::string_view name, std::string_view help, const Labels& labels) {
  Family::Member member;
  register_cells(
      name, help, labels, false, [](Family::Member& m, std::uint32_t cell) { m.counter = Counter(cell); }, member);
  return member.counter;
}

Histogram Counters::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  Family::Member member;
  register_cells(
      name, help, labels, true, [](Family::Member& m, std::uint32_t cell) { m.histogram = Histogram(cell); }, member);
  return member.histogram;
}

std::vector<Counters::Family> Counters::families() {
  const std::scoped_lock lock(registry().mutex);
  std::vector<Family> all;
  for (const auto& [name, family] : registry().families) all.push_back({name, family.help, family.is_histogram, {}});
  return all;
}

std::vector<Counters::Family::Member> Counters::members(std::string_view family, std::size_t from, std::size_t most) {
  const std::scoped_lock lock(registry().mutex);
  const auto found = registry().families.find(family);
  if (found == registry().families.end() || found->second.members.size() <= from) return {};
  const auto begin = found->second.members.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(most, found->second.members.size() - from))};
}

void Counters::read(std::span<const Counter> counters, std::span<std::uint64_t> into) {
  in_runs(counters.size(), [&](const Registry& r, std::size_t i) { into[i] = sum_of(r, counters[i].cell_); });
}

void Counters::read_buckets(std::span<const Histogram> histograms, std::span<std::uint64_t> into) {
  const std::size_t buckets = Histogram::buckets();
  in_runs(histograms.size(), [&](const Registry& r, std::size_t i) {
    for (std::uint32_t b = 0; b < buckets; ++b) into[i * buckets + b] = sum_of(r, histograms[i].cell_ + b);
  });
}

void Counters::read_sums(std::span<const Histogram> histograms, std::span<std::uint64_t> into) {
  in_runs(histograms.size(), [&](const Registry& r, std::size_t i) {
    into[i] = sum_of(r, histograms[i].cell_ + static_cast<std::uint32_t>(Histogram::buckets()) + 1);
  });
}

}  // namespace tandem
