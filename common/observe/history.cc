#include "common/observe/history.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/counters.h"
#include "common/observe/process_metrics.h"
#include "common/observe/rate_window.h"

namespace tandem::observe {
namespace {

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

float quantile_ms(std::span<const std::uint64_t> buckets, double q) {
  const auto found = quantile(buckets, Histogram::bounds(), q);
  return found ? static_cast<float>(to_milliseconds(*found)) : std::numeric_limits<float>::quiet_NaN();
}

std::vector<std::uint64_t> rises(std::span<const std::uint64_t> now, std::span<const std::uint64_t> before) {
  std::vector<std::uint64_t> all(now.begin(), now.end());
  for (std::size_t i = 0; i < std::min(all.size(), before.size()); ++i) all[i] -= std::min(all[i], before[i]);
  return all;
}

// Three significant decimals are enough for a chart, and a third of the bytes.
double rounded(float value) { return std::round(static_cast<double>(value) * 1000) / 1000; }

}  // namespace

Usage usage() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return {static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9, resident_bytes()};
}

History::History() : ring_(kSamples) {}

void History::add(Instant at, WallTime time, const Totals& totals, const Usage& of_process) {
  if (before_ && at > before_->at) {
    const double over = to_seconds(at - before_->at);
    const auto per_second = [over](std::uint64_t now, std::uint64_t before) {
      return static_cast<float>(static_cast<double>(now - std::min(now, before)) / over);
    };
    const Totals& before = before_->totals;
    const std::vector<std::uint64_t> buckets = rises(totals.buckets, before.buckets);
    Sample& sample = ring_[next_++ % kSamples];
    sample.time = time;
    sample.values[rate] = per_second(totals.handled, before.handled);
    sample.values[errors] = per_second(totals.errors, before.errors);
    sample.values[refused] = per_second(totals.refused, before.refused);
    sample.values[p50] = quantile_ms(buckets, 0.5);
    sample.values[p99] = quantile_ms(buckets, 0.99);
    sample.values[active] = static_cast<float>(totals.active);
    sample.values[bytes_in] = per_second(totals.bytes_in, before.bytes_in);
    sample.values[bytes_out] = per_second(totals.bytes_out, before.bytes_out);
    sample.values[cpu] = static_cast<float>(std::max(of_process.cpu_seconds - before_->cpu_seconds, 0.0) / over);
    sample.values[memory] = static_cast<float>(of_process.memory);
  }
  before_ = Before{at, totals, of_process.cpu_seconds};
}

void History::write(JsonWriter& json, std::uint64_t since) const {
  const std::uint64_t kept = next_ > kSamples ? next_ - kSamples : 0;
  const std::uint64_t first = std::clamp(since, kept, next_);
  json.begin_object();
  json.member("interval_ms", std::chrono::duration_cast<std::chrono::milliseconds>(kInterval).count());
  json.member("begun", milliseconds_of(begun_)).member("first", first).member("next", next_);
  json.key("columns").begin_array().value("time");
  for (const std::string_view name : kNames) json.value(name);
  json.end_array().key("samples").begin_array();
  for (std::uint64_t number = first; number < next_; ++number) {
    const Sample& sample = ring_[number % kSamples];
    json.begin_array().value(milliseconds_of(sample.time));
    for (const float value : sample.values) json.value(rounded(value));
    json.end_array();
  }
  json.end_array().end_object();
}

}  // namespace tandem::observe
