// Timers by the hundred thousand: a hierarchical wheel (4 levels of 64 slots) in which arming and disarming cost a few
// pointer writes. A timer never fires early and at most one tick late. The wheel does not know time by itself: whoever
// drives it (net's reactor) calls advance() and asks next() when to do so again. One thread only.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace tandem::async {

class TimerWheel;

// A member or base of what it wakes. Not movable while armed; disarms itself when destroyed.
class Timer {
 public:
  using Fire = void (*)(Timer&) noexcept;  // may arm this or other timers again, and may destroy the timer
  explicit Timer(Fire fire) : fire_(fire) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { disarm(); }

  bool armed() const { return next_ != nullptr; }
  void disarm() {
    if (!next_) return;
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = nullptr;
  }

 private:
  friend class TimerWheel;
  Timer() : fire_(nullptr) {}  // a list's head
  Timer* next_ = nullptr;
  Timer* prev_ = nullptr;
  std::uint64_t tick_ = 0;
  Fire fire_;
};

class TimerWheel {
 public:
  TimerWheel(Duration tick, Instant start);

  // Arms (again, if armed) for `when`; one that has passed fires at the next advance(). kNoDeadline only disarms.
  void arm(Timer& timer, Instant when);

  // Fires everything that is due at `now`, in the order of the ticks.
  void advance(Instant now);

  // When advance() should be called again; nothing when no timer is armed. May be early, never late.
  std::optional<Instant> next() const;

 private:
  static constexpr unsigned kLevels = 4;
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1U << kBits;

  struct List : Timer {
    List() { next_ = prev_ = this; }
    ~List() { next_ = nullptr; }
    bool empty() const { return next_ == this; }
    void append(Timer& timer);
    Timer* pop();
    void take(List& other);
    friend class TimerWheel;
  };
  struct Expiry {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;
  };

  void insert(Timer& timer);
  std::optional<Expiry> next_expiry() const;

  const Duration tick_;
  const Instant start_;
  std::uint64_t elapsed_ = 0;                      // ticks since start_ that have been dealt with
  std::array<std::uint64_t, kLevels> occupied_{};  // a bit a slot; may be stale after a disarm, never missing
  std::array<std::array<List, kSlots>, kLevels> slots_;
};

}  // namespace tandem::async
