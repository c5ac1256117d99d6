// Looks at what the program counts once a second: keeps the history of GET /history, and the rates of the last seconds
// for the member "traffic" of /status. Owned by Control, living on the control thread; exists where there is an admin
// address only, so that a program that nobody asks never wakes.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "common/async/timer_wheel.h"
#include "common/balance/upstream.h"
#include "common/observe/admin.h"
#include "common/observe/grouped_counters.h"
#include "common/observe/history.h"
#include "common/observe/rate_window.h"
#include "common/observe/traffic.h"

namespace tandem::process {

class Sampler : private async::Timer {
 public:
  using Upstreams = std::function<const std::vector<std::shared_ptr<balance::Upstream>>&()>;  // those in force

  // `program`: what its metrics begin with; `source` must outlive it.
  Sampler(const std::string& program, observe::TrafficSource& source, Upstreams upstreams);

  void start();  // within the control thread's reactor
  void stop() { disarm(); }

  // GET /history?since=N; see observe::History::write().
  observe::AdminResponse history(const observe::AdminRequest& request) const;

  // Writes {"window_s", "rate", "errors", "refused", "p50_ms", "p99_ms", "active", "servers": [{"upstream", "server",
  // "rate", "share"}], …}: share of its upstream's picks; what the program adds stands behind.
  void write_traffic(JsonWriter& json) const;

 private:
  static void fired(async::Timer& timer) noexcept;
  void look();
  void write_servers(JsonWriter& json) const;

  observe::TrafficSource& source_;
  const Upstreams upstreams_;
  observe::GroupedCounters picks_;  // by upstream and server
  observe::RateWindow picked_;
  observe::RateWindow totals_;
  observe::History history_;
  std::uint64_t active_ = 0;
};

}  // namespace tandem::process
