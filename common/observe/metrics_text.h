// The metrics as text (Prometheus exposition format 0.0.4): what rooms count through common/base/counters.h, and values
// that are looked at when somebody asks (connections now, is a server up), told by collectors. The text comes in
// pieces, so that ten thousand routes cost neither memory nor the thread's other work. Owned by main, made before the
// collectors' owners; every function may be called from any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/counters.h"
#include "common/observe/registration.h"

namespace tandem::observe {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// What a collector tells: one sample a call. Names and help are our own words; label values are names from the
// configuration, never a client's text. Samples of one name must agree on help and kind.
class MetricSamples {
 public:
  void gauge(std::string_view name, std::string_view help, const Labels& labels, double value);
  void counter(std::string_view name, std::string_view help, const Labels& labels, double value);

 private:
  friend class MetricsText;
  struct Family {
    std::string help;
    std::string_view kind;
    std::string samples;
  };
  Family& family(std::string_view name, std::string_view help, std::string_view kind);
  std::map<std::string, Family, std::less<>> families_;
};

// One scrape: the counters as they are when their piece is made, what collectors tell as it was at the beginning.
class MetricsText {
 public:
  explicit MetricsText(MetricSamples collected);

  // Appends the next piece, some 64 KiB; false: that was all. Every family sorted by name; one stands once, whoever
  // contributed to it.
  bool next(std::string& out);

 private:
  struct Family {
    std::string help;
    std::string_view kind;
    bool counted = false;  // in the registry of counters
  };
  bool append_members(std::string& out, const std::string& name, bool histograms);

  MetricSamples collected_;
  std::map<std::string, Family> families_;  // those that are still to come
  std::size_t member_ = 0;                  // of the first one: the next
  bool begun_ = false;                      // its head has been written
};

class Metrics {
 public:
  using Collector = std::function<void(MetricSamples&)>;

  // The collector runs on the thread that renders; it has ended for good when its registration has been let go.
  Registration add(Collector collector);
  // Asks the collectors, and the system for `process_*`.
  MetricsText scrape() const;
  std::string render() const;  // all of a scrape

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Collector> collectors_;  // guarded by mutex_
  std::uint64_t next_ = 0;
};

}  // namespace tandem::observe
