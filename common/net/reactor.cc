#include "common/net/reactor.h"

#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <mutex>

#include "common/async/scheduler.h"

namespace tandem::net {
namespace {

constexpr int kBatch = 512;           // events taken in one look; the next one finds more
constexpr int kLongestWait = 60'000;  // milliseconds
thread_local Reactor* current_reactor = nullptr;

std::uint8_t to_readiness(std::uint32_t events) {
  std::uint8_t readiness = 0;
  if (events & EPOLLPRI) readiness |= kReadable | kUrgent;
  if (events & EPOLLERR) readiness |= kFailed;
  if (events & (EPOLLERR | EPOLLHUP)) return readiness | kReadable | kWritable | kPeerClosed | kError;
  if (events & EPOLLIN) readiness |= kReadable;
  if (events & EPOLLOUT) readiness |= kWritable;
  if (events & EPOLLRDHUP) readiness |= kReadable | kPeerClosed;
  return readiness;
}

std::uint32_t events_of(Reactor::Trigger trigger) {
  switch (trigger) {
    case Reactor::Trigger::edge: return EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    case Reactor::Trigger::level: return EPOLLIN;
    case Reactor::Trigger::shared: return EPOLLIN | EPOLLEXCLUSIVE;
  }
  return 0;
}

template <class Handle>
Reactor* owner(Handle* handle) {
  return static_cast<Reactor*>(handle->data);
}

}  // namespace

struct Reactor::Handles {
  uv_loop_t loop;
  uv_async_t wakeup;
  std::mutex mutex;
  std::vector<std::move_only_function<void()>> posted;  // guarded by mutex
  std::atomic<bool> stopping = false;
};

bool RemoteReactor::post(std::move_only_function<void()>&& function) {
  const std::scoped_lock lock(mutex_);
  if (!reactor_) return false;
  reactor_->post(std::move(function));
  return true;
}

Reactor::Reactor()
    : handles_(std::make_unique<Handles>()),
      remote_(std::make_shared<RemoteReactor>(*this)),
      scratch_(std::make_unique<char[]>(kScratchSize)) {
  assert(!current_reactor && "one reactor a thread");
  current_reactor = this;
  async::Scheduler::current().set_now(now());
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  Handles& h = *handles_;
  uv_loop_init(&h.loop);
  uv_async_init(&h.loop, &h.wakeup, [](uv_async_t* handle) { owner(handle)->on_posted(); });
  h.wakeup.data = this;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kNoWatch;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, uv_backend_fd(&h.loop), &event);
}

Reactor::~Reactor() {
  end_turn();
  {
    const std::scoped_lock lock(remote_->mutex_);
    remote_->reactor_ = nullptr;
  }
  Handles& h = *handles_;
  {
    const std::scoped_lock lock(h.mutex);  // whoever still posts or stops has done so
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&h.wakeup), nullptr);
  uv_run(&h.loop, UV_RUN_DEFAULT);  // the close callbacks, and the end of what runs off the loop
  uv_loop_close(&h.loop);
  close(epoll_fd_);
  current_reactor = nullptr;
}

Reactor& Reactor::current() {
  assert(current_reactor && "this thread runs no reactor");
  return *current_reactor;
}

uv_loop_s* Reactor::loop() { return &handles_->loop; }

Result<WatchId> Reactor::watch(int fd, EventTarget& target, Trigger trigger) {
  if (free_ == kNoWatch) {
    free_ = static_cast<WatchId>(entries_.size());
    entries_.emplace_back();
  }
  const WatchId id = free_;
  Entry& entry = entries_[id];
  epoll_event event{};
  event.events = events_of(trigger);
  event.data.u64 = std::uint64_t{entry.generation} << 32 | id;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail_errno(Origin::internal, "overloaded", "epoll_ctl", errno);
  }
  free_ = entry.next_free;
  entry.target = &target;
  return id;
}

void Reactor::retarget(WatchId watch, EventTarget& target) { entries_[watch].target = &target; }

void Reactor::unwatch(WatchId watch) {
  Entry& entry = entries_[watch];
  entry.target = nullptr;
  ++entry.generation;
  entry.next_free = free_;
  free_ = watch;
}

void Reactor::remove(int fd, WatchId watch) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  unwatch(watch);
}

void Reactor::later(WatchId watch, std::uint8_t readiness) {
  later_.push_back({watch, entries_[watch].generation, readiness});
}

void Reactor::post(std::move_only_function<void()> function) {
  const std::scoped_lock lock(handles_->mutex);  // until it is sent: the destructor takes the lock, too
  handles_->posted.push_back(std::move(function));
  uv_async_send(&handles_->wakeup);
}

void Reactor::run() {
  end_turn();  // coroutines started and timers armed before the loop runs
  while (!handles_->stopping.load(std::memory_order_acquire)) look();
  handles_->stopping.store(false, std::memory_order_release);
  run_posted();
  end_turn();
}

void Reactor::stop() {
  const std::scoped_lock lock(handles_->mutex);  // as in post()
  handles_->stopping.store(true, std::memory_order_release);
  uv_async_send(&handles_->wakeup);
}

// One turn: waits for events, serves them, and libuv's handles when they have something to say.
void Reactor::look() {
  std::array<epoll_event, kBatch> events;
  const Instant due = next_timer();
  const int count = epoll_wait(epoll_fd_, events.data(), kBatch, wait_time(due));
  async::Scheduler& scheduler = async::Scheduler::current();
  scheduler.set_now(now());
  bool handles_ready = false;
  for (int i = 0; i < count; ++i) {
    const auto id = static_cast<WatchId>(events[i].data.u64 & 0xffffffff);
    if (id == kNoWatch) {
      handles_ready = true;
      continue;
    }
    const Entry& entry = entries_[id];
    if (entry.generation != events[i].data.u64 >> 32 || !entry.target) continue;  // stale
    entry.target->on_ready(to_readiness(events[i].events));
  }
  serve_later();
  if (due <= scheduler.now()) {
    scheduler.deadlines().advance(scheduler.now());
    scheduler.idles().advance(scheduler.now());
  }
  end_turn();
  if (handles_ready) uv_run(&handles_->loop, UV_RUN_NOWAIT);
}

// For how long the next look may block when the wheels have something to do at `due`: milliseconds, -1 without end.
int Reactor::wait_time(Instant due) {
  // 0: a handle was started or closed since libuv's last turn, and its own set does not know yet.
  const int handles = uv_backend_timeout(&handles_->loop);
  if (handles == 0) uv_run(&handles_->loop, UV_RUN_NOWAIT);
  if (handles == 0 || !async::Scheduler::current().idle() || !later_.empty()) return 0;
  if (due == kNoDeadline) return handles;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::max(due - now(), Duration::zero())).count();
  const auto bounded = static_cast<int>(std::min<std::int64_t>(wait, kLongestWait));
  return handles < 0 ? bounded : std::min(handles, bounded);
}

void Reactor::serve_later() {
  if (later_.empty()) return;
  serving_.swap(later_);
  for (const Later& item : serving_) {
    const Entry& entry = entries_[item.watch];
    if (entry.generation == item.generation && entry.target) entry.target->on_ready(item.readiness);
  }
  serving_.clear();
}

void Reactor::run_posted() {
  std::vector<std::move_only_function<void()>> functions;
  {
    const std::scoped_lock lock(handles_->mutex);
    functions.swap(handles_->posted);
  }
  for (auto& function : functions) function();
}

void Reactor::on_posted() {
  async::Scheduler::current().set_now(now());
  run_posted();
  end_turn();
}

void Reactor::turn(const std::function<void()>& callback) {
  async::Scheduler::current().set_now(now());
  callback();
  end_turn();
}

// Everything that a turn leaves to its end: coroutines that may go on, and objects to free.
void Reactor::end_turn() {
  async::Scheduler::current().drain();
  while (!disposed_.empty()) {
    std::vector<Disposed> objects;
    objects.swap(disposed_);
    for (const Disposed& disposed : objects) disposed.destroy(disposed.object);
  }
}

// When the earlier of the two wheels has something to do.
Instant Reactor::next_timer() {
  async::Scheduler& scheduler = async::Scheduler::current();
  Instant next = kNoDeadline;
  if (const auto deadline = scheduler.deadlines().next()) next = *deadline;
  if (const auto idle = scheduler.idles().next(); idle && *idle < next) next = *idle;
  return next;
}

}  // namespace tandem::net
