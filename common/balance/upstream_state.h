// What the servers of one upstream have in common beyond any configuration generation: the count of changes, the
// medians, ejection, and whether a server is left. Kept by name in the Registry; every Server of the upstream holds it.
// All threads.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/ejection.h"
#include "common/balance/options.h"
#include "common/balance/pick_log.h"
#include "common/balance/wait_queue.h"
#include "common/base/clock.h"

namespace tandem::balance {

class Server;

// What discovery has last found out for an upstream.
struct DiscoveryStatus {
  std::optional<WallTime> answered_at;  // the last answer that had a server; empty: there was none yet
  Duration ttl = Duration::zero();      // of that one
  std::string error;                    // what was wrong with the last answer; empty: nothing
};

class UpstreamState {
 public:
  explicit UpstreamState(std::string name) : name_(std::move(name)) {}
  UpstreamState(const UpstreamState&) = delete;
  UpstreamState& operator=(const UpstreamState&) = delete;

  const std::string& name() const { return name_; }

  // Grows with every change of a server's state or weight: a picking table made at another count is out of date.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
  void changed() {
    changes_.fetch_add(1, std::memory_order_acq_rel);
    queue_.wake_all();
  }

  // What is in flight on all servers together, counted where that is limited: enter() takes one more if that stays
  // within `max`, and is paid back by leave(). Who is woken by room looks at both this and the servers.
  std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_seq_cst); }
  bool enter(std::uint32_t max);
  void leave() { in_flight_.fetch_sub(1, std::memory_order_seq_cst); }

  // Those who wait for room on a server.
  WaitQueue& queue() { return queue_; }

  PickLog& pick_log() { return pick_log_; }
  const PickLog& pick_log() const { return pick_log_; }

  // A generation's options and servers begin to count for ejection. Gives the generation's turn: the latest one's is
  // the greatest.
  std::uint64_t configure(const EjectOptions& options, std::vector<std::weak_ptr<Server>> servers);
  std::uint32_t eject_after() const { return eject_after_.load(std::memory_order_relaxed); }

  // `server` has failed eject_after() times in a row: ejects it, or says once an interval why not.
  void on_tripped(Server& server, Instant now);

  // The medians over the servers, in nanoseconds; 0 while unknown.
  double median_response() const { return median_response_.load(std::memory_order_relaxed); }
  double median_connect() const { return median_connect_.load(std::memory_order_relaxed); }
  bool suspicion_ignored() const { return suspicion_ignored_.load(std::memory_order_relaxed); }
  void set_medians(double response, double connect, bool suspicion_ignored);
  // True for one caller every 100 ms: that one computes the medians anew.
  bool medians_due(Instant now);

  // Says once in the log that no server is left, and once that one is back. `undecided` servers await their first
  // check. From a generation whose turn is over it says nothing.
  void note_available(std::uint64_t turn, std::size_t available, std::size_t undecided, WhenNone when_none);

  // --- the control thread
  // The servers of the latest generation, or what discovery has found since: what the next generation begins with when
  // they are discovered. So an upstream whose file begins to name a DNS name keeps its servers until there is an
  // answer.
  const std::vector<ServerOptions>& latest_servers() const { return latest_servers_; }
  void set_latest_servers(std::vector<ServerOptions> servers) { latest_servers_ = std::move(servers); }
  const DiscoveryStatus& discovery() const { return discovery_; }
  void set_discovery(DiscoveryStatus status) { discovery_ = std::move(status); }

 private:
  const std::string name_;
  std::atomic<std::uint64_t> changes_{1};
  std::atomic<std::uint32_t> eject_after_{kUnlimited};
  std::atomic<double> median_response_{0};
  std::atomic<double> median_connect_{0};
  std::atomic<bool> suspicion_ignored_{false};
  std::atomic<Instant::rep> medians_due_{0};
  std::atomic<std::uint32_t> in_flight_{0};
  WaitQueue queue_;
  PickLog pick_log_;
  std::vector<ServerOptions> latest_servers_;
  DiscoveryStatus discovery_;

  std::mutex mutex_;  // of everything below
  EjectOptions eject_;
  std::vector<std::weak_ptr<Server>> servers_;
  Instant warned_at_{};
  std::uint64_t turn_ = 0;  // of the latest generation
  bool none_left_ = false;
};

}  // namespace tandem::balance
