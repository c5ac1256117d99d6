// Those who wait until a server of an upstream has room, first come first served, on any worker. A lease that ends on
// one worker wakes a waiter of another through that one's reactor. Part of UpstreamState; a small lock, taken only
// while somebody waits.
#pragma once
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "common/async/event.h"
#include "common/net/reactor.h"

namespace tandem::balance {

class WaitQueue {
 public:
  // One who waits, on its reactor's thread. Shared with a wake-up that is under way, which may come after it has left.
  class Place {
   public:
    explicit Place(net::Reactor& reactor) : reactor_(reactor) {}
    async::Event& woken() { return event_; }

   private:
    friend class WaitQueue;
    net::Reactor& reactor_;
    async::Event event_;
    bool called_ = false;  // guarded by the queue's lock: woken and not back to waiting
  };

  // Whether anybody waits: one look for those who do not need the queue.
  bool empty() const { return waiting_.load(std::memory_order_seq_cst) == 0; }
  std::uint32_t size() const { return waiting_.load(std::memory_order_relaxed); }

  // Puts `place` at the end; false when `limit` wait already. `first` tells whether nobody is before it.
  bool join(const std::shared_ptr<Place>& place, std::uint32_t limit, bool& first);
  // It is about to look: what comes from now on wakes it anew.
  void wait_on(Place& place);
  // It waits no longer. The next one is woken to look: there may have been room for more than one, or it did not use
  // its own.
  void leave(const std::shared_ptr<Place>& place);

  void wake_one();  // room for one
  void wake_all();  // servers came or went

 private:
  void call(const std::shared_ptr<Place>& place);
  void call_first();

  std::atomic<std::uint32_t> waiting_{0};
  std::mutex mutex_;
  std::list<std::shared_ptr<Place>> places_;  // guarded by mutex_
};

}  // namespace tandem::balance
