// Gives a service that fails a rest: while the breaker is open, requests for its upstream are refused at once.
//
//   closed ──(the share of failures)──▶ open ──(open_for)──▶ half-open ──(the trial succeeds)──▶ closed
//                                        ▲                       │
//                                        └────(the trial fails)──┘
//
// Half-open lets one request through at a time, the trial. A request counts once, by its last try. Kept by the
// upstream's name over reloads, so each call brings the options that are in force; any thread. Every change of state is
// logged once.
#pragma once
#include <atomic>
#include <expected>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/resilience/options.h"
#include "gateway/resilience/recent_counts.h"

namespace tandem::gateway {

class Breaker {
 public:
  enum class State : std::uint8_t { closed, half_open, open };

  explicit Breaker(std::string upstream) : upstream_(std::move(upstream)) {}
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  // A request that was let through. Its outcome is reported at most once; without one it says nothing of the service,
  // and a trial is free for the next request. The breaker and its options must outlive it.
  class Pass {
   public:
    Pass() = default;  // where there is no breaker
    Pass(Pass&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)),
          config_(other.config_),
          phase_(other.phase_),
          trial_(other.trial_) {}
    Pass& operator=(Pass&& other) noexcept {
      if (this != &other) {
        give_back();
        breaker_ = std::exchange(other.breaker_, nullptr);
        config_ = other.config_;
        phase_ = other.phase_;
        trial_ = other.trial_;
      }
      return *this;
    }
    ~Pass() { give_back(); }

    void report(bool failed, Instant now) {
      if (Breaker* breaker = std::exchange(breaker_, nullptr))
        breaker->on_outcome(*config_, phase_, trial_, failed, now);
    }

   private:
    friend class Breaker;
    Pass(Breaker& breaker, const BreakerConfig& config, bool trial)
        : breaker_(&breaker), config_(&config), phase_(breaker.phase_.load(std::memory_order_relaxed)), trial_(trial) {}
    void give_back() {
      if (Breaker* breaker = std::exchange(breaker_, nullptr); breaker && trial_) breaker->trial_ = false;
    }

    Breaker* breaker_ = nullptr;
    const BreakerConfig* config_ = nullptr;
    std::uint32_t phase_ = 0;  // that it was let through in
    bool trial_ = false;
  };

  // A pass, or how long a client should stay away.
  std::expected<Pass, Duration> enter(const BreakerConfig& config, Instant now);

  State state(Instant now) const;
  Duration open_for(Instant now) const;  // still; zero when it is not open

 private:
  void on_outcome(const BreakerConfig& config, std::uint32_t phase, bool trial, bool failed, Instant now);
  void open(const BreakerConfig& config, Instant now, std::string why);

  const std::string upstream_;
  RecentCounts counts_;
  std::atomic<Instant::rep> open_until_{0};  // 0: closed
  std::atomic<std::uint32_t> phase_{0};      // grows whenever it opens or closes
  std::atomic<bool> trial_{false};           // one is under way
  std::mutex changing_;
  bool told_half_open_ = false;  // guarded by changing_
};

std::string_view state_name(Breaker::State state);

}  // namespace tandem::gateway
