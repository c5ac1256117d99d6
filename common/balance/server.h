// One server of an upstream: who it is and how it fares. It outlives configuration generations: the Registry finds it
// by upstream and address, every Upstream and every Lease holds it. What a request touches is atomic and open to all
// workers; what is marked so belongs to the control thread.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/balance/average.h"
#include "common/balance/health.h"
#include "common/balance/server_memory.h"
#include "common/balance/upstream_state.h"
#include "common/base/counters.h"

namespace tandem::balance {

std::string_view failure_text(FailureKind kind);

// Names the metrics of this room: "lb" gives lb_picks_total{upstream,server}, lb_connect_seconds and
// lb_response_seconds; a program that calls the response's time otherwise says so. To be called once, before any
// Server is made.
void set_metric_prefix(std::string_view prefix, std::string_view response_seconds = "response_seconds");

class alignas(64) Server {
 public:
  Server(std::shared_ptr<UpstreamState> upstream, const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& upstream() const { return upstream_->name(); }
  const std::string& name() const { return name_; }
  const Address& address() const { return address_; }
  UpstreamState& shared() const { return *upstream_; }

  // --- any thread ---------------------------------------------------------------------------------------------------
  // Healthy, enabled, not draining, not ejected.
  bool available() const { return state_.load(std::memory_order_acquire) == kAvailable; }
  bool usable_in_need() const;  // for when_none = "try_all": only what an operator took out is left out
  Health health() const { return static_cast<Health>(state_.load(std::memory_order_acquire) & kHealthMask); }
  Admin admin() const {
    return static_cast<Admin>((state_.load(std::memory_order_acquire) & kAdminMask) >> kAdminShift);
  }
  bool announced_draining() const { return (state_.load(std::memory_order_acquire) & kAnnounced) != 0; }
  bool ejected() const { return (state_.load(std::memory_order_acquire) & kEjected) != 0; }
  Instant ejected_until() const { return Instant(Duration(ejected_until_.load(std::memory_order_relaxed))); }

  // Counted from the pick on. claim() takes one more if that stays within `max`; claim_from() only if the count is
  // still `seen`. Each success is paid back by one release().
  std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_seq_cst); }
  bool claim(std::uint32_t max);
  bool claim_from(std::uint32_t seen);
  void release();

  void on_picked();
  void on_connected(Duration after, Instant now);
  void on_failed(FailureKind kind, Instant now);
  // A turnaround: from the last client byte sent on to the first byte back.
  void on_turnaround_started(Instant now);
  void on_turnaround(Duration took, Instant now);
  void on_turnaround_abandoned() { open_turnarounds_.fetch_sub(1, std::memory_order_relaxed); }

  std::uint32_t failures_in_a_row() const;
  FailureKind last_failure() const { return last_failure_.load(std::memory_order_relaxed); }
  std::uint64_t picks() const { return picks_.value(); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  const PeakAverage& response_time() const { return response_; }
  const PeakAverage& connect_time() const { return connect_; }

  // How long it has kept a waiting turnaround unanswered while answering nobody else; zero when nothing is open.
  Duration silent_for(Instant now) const;
  // For a suspect server that only trials can clear: true for one caller, then not again for a growing interval.
  bool claim_trial(Instant now);

  // The configured weight or the runtime one, times the slow start's share (5 % to 100 %).
  double weight(std::uint32_t configured, Duration slow_start, Instant now) const;
  bool starting_slowly(Duration slow_start, Instant now) const;

  // Takes an ejection back that has ended; true when it did.
  bool end_ejection_if_over(Instant now);

  // --- the control thread -------------------------------------------------------------------------------------------
  HealthTracker& tracker() { return tracker_; }
  const HealthTracker& tracker() const { return tracker_; }
  void set_health(Health health, Instant now);
  void set_announced_draining(bool draining, Instant now);
  void set_admin(Admin admin, Instant now);
  // Holds while the configuration says `configured`; nothing takes it back.
  void set_runtime_weight(std::optional<std::uint32_t> weight, std::uint32_t configured);
  std::optional<std::uint32_t> runtime_weight(std::uint32_t configured) const;
  ServerMemory memory() const;
  void recall(ServerMemory memory);                   // before anybody uses it
  void on_check_passed(bool above_tcp, Instant now);  // a check above TCP clears suspicion
  // A check has connected to the port that serves: what was ejected for refusing connections is taken back. True when
  // it was.
  bool on_check_connected(Instant now);

 private:
  friend class UpstreamState;  // ejection_, under its lock
  static constexpr std::uint32_t kHealthMask = 0b11;
  static constexpr std::uint32_t kAdminShift = 2;
  static constexpr std::uint32_t kAdminMask = 0b11 << kAdminShift;
  static constexpr std::uint32_t kAnnounced = 1 << 4;
  static constexpr std::uint32_t kEjected = 1 << 5;
  static constexpr std::uint32_t kAvailable = static_cast<std::uint32_t>(Health::up);

  void eject(Instant until);
  bool change(std::uint32_t mask, std::uint32_t value, Instant now);
  void trip(std::uint32_t failures, Instant now);

  const std::shared_ptr<UpstreamState> upstream_;
  const std::string name_;
  const Address address_;
  const Counter picks_;
  const Histogram connect_seconds_;
  const Histogram response_seconds_;

  alignas(64) std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint32_t> state_{static_cast<std::uint32_t>(Health::checking)};
  std::atomic<std::uint32_t> connect_failures_{0};  // in a row; a connect that works ends the row
  std::atomic<std::uint32_t> answer_failures_{0};   // in a row; an answer ends the row
  std::atomic<std::uint32_t> open_turnarounds_{0};
  std::atomic<FailureKind> last_failure_{FailureKind::none};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<Instant::rep> heard_at_{0};  // the last answer, or when the first of the open turnarounds began
  std::atomic<Instant::rep> trial_at_{0};
  std::atomic<Duration::rep> trial_interval_{0};
  std::atomic<Instant::rep> ejected_until_{0};
  std::atomic<Instant::rep> available_since_{0};  // 0: from the start, no slow start
  std::atomic<std::uint64_t> runtime_weight_{0};  // 0, or set bit | configured << 32 | value
  PeakAverage response_;
  PeakAverage connect_;

  EjectionRecord ejection_;  // guarded by the UpstreamState's lock
  HealthTracker tracker_;    // the control thread's
};

}  // namespace tandem::balance
