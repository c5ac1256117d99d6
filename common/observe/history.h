// The last 15 minutes of the program as a line of samples, for charts: what GET /history tells. A ring of fixed size,
// made at start; one thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json_writer.h"

namespace tandem::observe {

// What a program has counted since its start, and has under way now.
struct Totals {
  std::uint64_t handled = 0;  // requests answered, or connections accepted
  std::uint64_t errors = 0;   // of them, what failed for a server's or the program's own sake
  std::uint64_t refused = 0;  // what failed for the client's
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t active = 0;
  std::vector<std::uint64_t> buckets;  // of the response times, as Histogram::bounds() has them
};

// Of the process itself.
struct Usage {
  double cpu_seconds = 0;
  std::uint64_t memory = 0;
};
Usage usage();

class History {
 public:
  static constexpr std::size_t kSamples = 900;
  static constexpr Duration kInterval = std::chrono::seconds(1);

  History();

  // One sample: the rates since the last one. The first call only begins.
  void add(Instant at, WallTime time, const Totals& totals, const Usage& of_process);

  // Writes {"interval_ms", "begun", "first", "next", "columns": […], "samples": [[…], …]} with the samples from number
  // `since` on that are still kept. `begun` tells one process's numbers from another's.
  void write(JsonWriter& json, std::uint64_t since) const;

 private:
  enum Column : std::uint8_t { rate, errors, refused, p50, p99, active, bytes_in, bytes_out, cpu, memory, kColumns };
  static constexpr std::array<std::string_view, kColumns> kNames = {
      "rate",   "errors",   "refused",   "p50_ms", "p99_ms",
      "active", "bytes_in", "bytes_out", "cpu",    "memory"};  // rates are per second, cpu in cores, memory in bytes
  struct Sample {
    WallTime time;
    std::array<float, kColumns> values;  // NaN: there is none
  };
  struct Before {
    Instant at;
    Totals totals;
    double cpu_seconds;
  };

  const WallTime begun_ = wall_now();
  std::optional<Before> before_;
  std::vector<Sample> ring_;
  std::uint64_t next_ = 0;  // the number of the next sample
};

}  // namespace tandem::observe
