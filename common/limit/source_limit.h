// What one source (see key.h) may have of a listener: so many connections at a time, and new ones at a rate.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/limit/open_counts.h"
#include "common/limit/rate_table.h"

namespace tandem::limit {

struct SourceLimits {
  std::uint32_t connections = std::numeric_limits<std::uint32_t>::max();  // that many: none
  std::optional<Rate> rate;

  bool any() const { return rate || connections != SourceLimits{}.connections; }
};

// The sources of one listener, for all workers. The limits are those of whoever asks, so a reload changes them at once
// and nothing is forgotten. A connection counts only if the limits were any when it came.
class Sources {
 public:
  enum class Verdict : std::uint8_t { admitted, too_many_connections, rate_limited };

  // Before anybody asks with a rate.
  void keep_rates();
  // Of who is admitted, a leave() is to follow. Who has too many connections is not charged to the rate.
  Verdict try_enter(const IpAddress& source, const SourceLimits& limits, Instant now);
  void leave(const IpAddress& source);
  const OpenCounts& open() const { return open_; }

 private:
  OpenCounts open_;
  std::unique_ptr<RateTable> rates_;
};

// The sources of all listeners by name, so that a reload finds those of before as long as somebody holds them. The
// control thread's.
class SourcesByListener {
 public:
  std::shared_ptr<Sources> of(const std::string& listener, const SourceLimits& limits);

 private:
  std::map<std::string, std::weak_ptr<Sources>> sources_;
};

}  // namespace tandem::limit
