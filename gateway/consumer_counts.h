// Who has called lately, and how that went: a table of a bounded number of consumers, for GET /consumers. A caller that
// comes when it is full counts among the others; every few minutes the table begins anew, and the one before is told
// beside it. Owned by a worker, used on its thread; the control thread asks the worker for a copy.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/json_writer.h"

namespace tandem::gateway {

struct ConsumerCount {
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0;  // 4xx without 429
  std::uint64_t too_many = 0;       // 429
  std::uint64_t errors = 0;         // 5xx
  Instant last{};

  void add(int status, Instant at);
  void add(const ConsumerCount& other);
};

class ConsumerCounts {
 public:
  static constexpr std::size_t kMost = 1000;
  static constexpr Duration kSpan = std::chrono::minutes(5);

  void count(std::string_view provider, std::string_view consumer, int status, Instant at);

  // By the provider's name and the consumer's.
  using Names = std::pair<std::string_view, std::string_view>;
  struct ByNames {
    using is_transparent = void;
    bool operator()(const Names& one, const Names& other) const { return one < other; }
  };
  using Table = std::map<std::pair<std::string, std::string>, ConsumerCount, ByNames>;
  struct Told {
    Table table;
    ConsumerCount others;
    Instant since = kNoDeadline;  // the oldest that is counted

    // Writes {"window_s", "consumers": [{"name", "provider", "rate", "client_errors", "too_many", "errors", "requests",
    // "last_ms"}], "others"}: the busiest first, rates per second; `others`: requests of those that are not told of.
    void write(JsonWriter& json, Instant at, std::size_t most) const;
  };
  void tell(Told& to, Instant at) const;

 private:
  struct Span {
    Table table;
    ConsumerCount others;
    Instant since{};
  };
  Span now_;
  Span before_;
};

}  // namespace tandem::gateway
