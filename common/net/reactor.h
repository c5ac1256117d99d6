// One worker's I/O: an edge-triggered epoll set, which also holds the descriptor of a libuv loop: one system call a
// turn looks at everything, and libuv runs only when one of its handles has something to say. Owned by the thread that
// runs it; everything but post() and stop() is called on that thread. It also drives the thread's scheduler: wheels
// when they are due, the ready coroutines once a turn.
//
// Events carry a slab index and a generation, so an event for something that has been unwatched in the same batch is
// dropped; what is disposed of is freed when the batch is over, so no target vanishes under a caller.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"

struct uv_loop_s;

namespace tandem::net {

// Bits of what an event says. An error or hang-up comes as the first four, so that whoever waits for anything looks;
// kFailed with them when it is an error (SO_ERROR says which), not both directions' regular end. kUrgent: a TCP urgent
// byte has come; reads stop in front of it, so a short one does not mean drained.
enum Readiness : std::uint8_t { kReadable = 1, kWritable = 2, kPeerClosed = 4, kError = 8, kUrgent = 16, kFailed = 32 };

class EventTarget {
 public:
  virtual void on_ready(std::uint8_t readiness) noexcept = 0;

 protected:
  ~EventTarget() = default;
};

using WatchId = std::uint32_t;
inline constexpr WatchId kNoWatch = 0xffffffff;

class Reactor;

// A reactor as other threads may keep it beyond its end.
class RemoteReactor {
 public:
  explicit RemoteReactor(Reactor& reactor) : reactor_(&reactor) {}

  // As Reactor::post(); false when the reactor has ended: `function` is untouched then.
  bool post(std::move_only_function<void()>&& function);

 private:
  friend class Reactor;
  std::mutex mutex_;
  Reactor* reactor_;  // guarded by mutex_; null: it has ended
};

class Reactor {
 public:
  Reactor();  // becomes this thread's current()
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  static Reactor& current();

  // `edge` reports reading, writing and the peer's end whenever they become possible, for the descriptor's whole life;
  // `level` reports reading while there is something to read (listeners); `shared` does so for a description that other
  // reactors watch too, and a connection wakes one or few of them (EPOLLEXCLUSIVE).
  enum class Trigger : std::uint8_t { edge, level, shared };
  Result<WatchId> watch(int fd, EventTarget& target, Trigger trigger);
  void retarget(WatchId watch, EventTarget& target);
  // No event comes after this. The descriptor itself leaves the set when it is closed; `remove` takes it out for one
  // that stays open (a listener that pauses).
  void unwatch(WatchId watch);
  void remove(int fd, WatchId watch);

  // Calls target.on_ready(readiness) once more in this turn, after the next look at the events: how one that has used
  // up its share lets the others have theirs.
  void later(WatchId watch, std::uint8_t readiness);

  // Frees `object` when the present batch of events is over.
  template <class T>
  void dispose(std::unique_ptr<T> object) {
    if (object) disposed_.push_back({object.release(), [](void* o) { delete static_cast<T*>(o); }});
  }

  // Runs `function` on this reactor's thread. From any thread, also before run() begins. What was posted before run()
  // returns has run by then; what comes later is destroyed with the reactor, for what it is about may be gone.
  void post(std::move_only_function<void()> function);
  const std::shared_ptr<RemoteReactor>& remote() const { return remote_; }

  void run();   // until stop()
  void stop();  // from any thread

  // A buffer of this worker's that may be used until control returns to the reactor or a coroutine suspends.
  std::span<char> scratch() { return {scratch_.get(), kScratchSize}; }
  static constexpr std::size_t kScratchSize = 64 * 1024;

  // For the other files of this room: the loop, and what a callback of their own handles on it must go through, so that
  // the coroutines it wakes go on.
  uv_loop_s* loop();
  void turn(const std::function<void()>& callback);

 private:
  struct Handles;
  struct Entry {
    EventTarget* target = nullptr;
    std::uint32_t generation = 0;
    WatchId next_free = kNoWatch;
  };
  struct Later {
    WatchId watch;
    std::uint32_t generation;
    std::uint8_t readiness;
  };
  struct Disposed {
    void* object;
    void (*destroy)(void*);
  };

  void look();
  int wait_time(Instant due);
  void on_posted();
  void serve_later();
  void end_turn();
  static Instant next_timer();
  void run_posted();

  int epoll_fd_ = -1;
  std::unique_ptr<Handles> handles_;
  std::shared_ptr<RemoteReactor> remote_;
  std::vector<Entry> entries_;
  WatchId free_ = kNoWatch;
  std::vector<Later> later_;
  std::vector<Later> serving_;
  std::vector<Disposed> disposed_;
  std::unique_ptr<char[]> scratch_;
};

}  // namespace tandem::net
