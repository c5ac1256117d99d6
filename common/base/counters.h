// The front end of the metrics: any room counts, observe renders. A counter is a number in a slab of the counting
// thread's own, so counting is one plain add (no lock, no shared cache line); reading sums over all slabs, those of
// ended threads included. Counters are known by name and labels: registering the same pair again gives the same one,
// so they survive a reload. Registering takes a lock and is for load time or for the first use of a label value.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace tandem {

using Labels = std::vector<std::pair<std::string, std::string>>;  // in the order in which they are shown

class Counter {
 public:
  Counter() = default;  // counts into nothing
  void add(std::uint64_t n = 1) const;
  std::uint64_t value() const;  // over all threads

 private:
  friend class Counters;
  explicit Counter(std::uint32_t cell) : cell_(cell) {}
  std::uint32_t cell_ = 0;  // 0 is a cell that nobody reads
};

// A histogram of durations: cells for each bound, for +Inf, for the count and for the sum (nanoseconds).
class Histogram {
 public:
  Histogram() = default;
  void observe(Duration value) const;
  std::uint64_t count() const;
  double sum_seconds() const;
  std::vector<std::uint64_t> bucket_counts() const;  // cumulative, one for each bound
  static std::span<const Duration> bounds();         // upper bounds, ascending, without +Inf
  static std::size_t buckets() { return bounds().size() + 1; }

 private:
  friend class Counters;
  explicit Histogram(std::uint32_t first_cell) : cell_(first_cell) {}
  std::uint32_t cell_ = 0;
};

// The registry: one in a process.
class Counters {
 public:
  static Counter counter(std::string_view name, std::string_view help, const Labels& labels);
  static Histogram histogram(std::string_view name, std::string_view help, const Labels& labels);

  struct Family {
    std::string name;
    std::string help;
    bool is_histogram = false;
    struct Member {
      Labels labels;
      Counter counter;
      Histogram histogram;
    };
    std::vector<Member> members;
  };
  // Every family there is, sorted by name, without its members.
  static std::vector<Family> families();
  // The members of a family in the order of their registration, from number `from` on, `most` at most: earlier ones
  // never change.
  static std::vector<Family::Member> members(std::string_view family, std::size_t from = 0,
                                             std::size_t most = static_cast<std::size_t>(-1));
  // Reads many at once, `into` as long as they are; of histograms the count of each bucket, +Inf last, or the sum in
  // nanoseconds. Whoever registers meanwhile waits for a few hundred of them at most.
  static void read(std::span<const Counter> counters, std::span<std::uint64_t> into);
  static void read_buckets(std::span<const Histogram> histograms, std::span<std::uint64_t> into);
  static void read_sums(std::span<const Histogram> histograms, std::span<std::uint64_t> into);
};

}  // namespace tandem
