// The last picks of an upstream with the scores that decided them, for whoever asks why a server was chosen. A sample:
// one pick of a hundred milliseconds at most is kept, so that the others cost one load. All threads.
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace tandem::balance {

// One server as the pick found it.
struct Rival {
  std::string server;
  std::uint32_t in_flight = 0;   // before the pick
  std::optional<double> score;   // the smallest is the best; empty: the policy goes by turns or by a key
  std::string_view passed_over;  // why it could not be picked, a literal: "suspect"; empty: it could
};

struct PickRecord {
  Instant at{};
  std::string server;  // who was chosen
  std::vector<Rival> rivals;
};

class PickLog {
 public:
  static constexpr std::size_t kKept = 10;

  // True for one caller every 100 ms: that one describes its pick and adds it.
  bool due(Instant now);
  void add(PickRecord record);
  std::vector<PickRecord> last() const;  // the newest first

 private:
  std::atomic<Instant::rep> due_at_{0};
  mutable std::mutex mutex_;
  std::deque<PickRecord> records_;  // guarded by mutex_
};

}  // namespace tandem::balance
