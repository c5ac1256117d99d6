// What is kept of things that have happened, for who looks at them now: the last ones, or the slowest of the last
// minutes. Bounded, and slots are used again, so that keeping costs no memory after a while. One thread each; `T` is
// assigned over what was.
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace tandem::observe {

// The last `most` of them; of a flood, more than one in `apart` after a burst of `most`, a sample.
template <class T>
class RecentRing {
 public:
  RecentRing(std::size_t most, Duration apart) : most_(most), apart_(apart) {}

  bool wants(Instant at) const { return due_ - at <= apart_ * static_cast<Duration::rep>(most_ - 1); }
  // The slot for the next one, with what was in it.
  T& next(Instant at) {
    due_ = std::max(due_, at) + apart_;
    if (ring_.size() < most_) return ring_.emplace_back();
    T& slot = ring_[place_];
    place_ = (place_ + 1) % most_;
    return slot;
  }
  const std::vector<T>& all() const { return ring_; }  // in no order

 private:
  const std::size_t most_;
  const Duration apart_;
  std::vector<T> ring_;
  std::size_t place_ = 0;
  Instant due_{};  // when the next one came at an even rate
};

// The `most` that took longest within the present span, and within the one before: of the last one to two spans. `T`
// has `duration`.
template <class T>
class SlowestOf {
 public:
  SlowestOf(std::size_t most, Duration span) : most_(most), span_(span) {}

  // Moves on when a span is over.
  bool wants(Duration took, Instant at) {
    if (at - began_ >= span_) {
      before_ = at - began_ >= 2 * span_ ? std::vector<T>() : std::exchange(now_, {});
      now_.clear();
      began_ = at;
    }
    return now_.size() < most_ || took > now_.front().duration;
  }
  void add(T one) {
    if (now_.size() == most_) {
      std::ranges::pop_heap(now_, slower);
      now_.pop_back();
    }
    now_.push_back(std::move(one));
    std::ranges::push_heap(now_, slower);
  }
  template <class Visit>
  void for_each(Instant at, Visit visit) const {
    if (at - began_ >= 2 * span_) return;
    for (const T& one : now_) visit(one);
    if (at - began_ >= span_) return;
    for (const T& one : before_) visit(one);
  }

 private:
  static bool slower(const T& one, const T& other) { return one.duration > other.duration; }

  const std::size_t most_;
  const Duration span_;
  Instant began_{};
  std::vector<T> now_;  // a heap with the quickest of them in front
  std::vector<T> before_;
};

}  // namespace tandem::observe
