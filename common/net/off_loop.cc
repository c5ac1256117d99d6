#include "common/net/off_loop.h"

#include <uv.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "common/async/event.h"
#include "common/net/reactor.h"

namespace tandem::net {

// Held by the coroutine that waits, and by whoever has it to do.
struct Lane::Job {
  std::move_only_function<void()> work;
  std::shared_ptr<RemoteReactor> home;  // where its coroutine waits
  async::Event done;                    // used on that thread only
  std::atomic<bool> abandoned = false;
};

struct Lane::State : std::enable_shared_from_this<State> {
  State(std::size_t most_running, std::size_t most_waiting) : running_most(most_running), waiting_most(most_waiting) {}

  const std::size_t running_most;
  const std::size_t waiting_most;
  std::mutex mutex;
  std::size_t running = 0;  // guarded by mutex, as is what follows
  std::deque<std::shared_ptr<Job>> waiting;

  // Whether there is a thread for it: now, or (having been put into the queue) later.
  enum class Room : std::uint8_t { now, later, none };
  Room enter(const std::shared_ptr<Job>& job);
  void leave(const std::shared_ptr<Job>& job);
  void pass_on();
};

// The right to one of the threads. Whoever lets it go, wherever that happens, gives it to the next who waits.
class Lane::Slot {
 public:
  explicit Slot(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Slot(Slot&& other) noexcept : state_(std::move(other.state_)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() { release(); }
  void release() {
    if (const auto state = std::move(state_)) state->pass_on();
  }

  static void start(Slot slot, std::shared_ptr<Job> job);

 private:
  std::shared_ptr<State> state_;
};

struct Lane::Request {
  uv_work_t work{};
  Slot slot;
  std::shared_ptr<Job> job;
};

Lane::State::Room Lane::State::enter(const std::shared_ptr<Job>& job) {
  const std::scoped_lock lock(mutex);
  if (running < running_most) {
    ++running;
    return Room::now;
  }
  if (waiting.size() >= waiting_most) return Room::none;
  waiting.push_back(job);
  return Room::later;
}

void Lane::State::leave(const std::shared_ptr<Job>& job) {
  const std::scoped_lock lock(mutex);
  std::erase(waiting, job);
}

// A job begins on the thread of its own loop, for only there libuv takes it.
void Lane::State::pass_on() {
  std::shared_ptr<Job> next;
  {
    const std::scoped_lock lock(mutex);
    if (waiting.empty()) {
      --running;
      return;
    }
    next = std::move(waiting.front());
    waiting.pop_front();
  }
  RemoteReactor& home = *next->home;
  home.post([slot = Slot(shared_from_this()), job = next]() mutable { Slot::start(std::move(slot), std::move(job)); });
  // Where the loop has ended, the function's end has passed the slot on again.
}

void Lane::Slot::start(Slot slot, std::shared_ptr<Job> job) {
  if (job->abandoned) return;
  auto* request = new Request{{}, std::move(slot), std::move(job)};
  request->work.data = request;
  const auto run = [](uv_work_t* work) {
    auto& running = *static_cast<Request*>(work->data);
    if (!running.job->abandoned) running.job->work();
    running.job->work = nullptr;  // its inputs end here, not on the loop
    running.slot.release();
  };
  const auto ended = [](uv_work_t* work, int) {
    const std::unique_ptr<Request> done(static_cast<Request*>(work->data));
    if (!done->job->abandoned) Reactor::current().turn([&] { done->job->done.set(); });
  };
  uv_queue_work(Reactor::current().loop(), &request->work, run, ended);
}

Lane::Lane(std::size_t running, std::size_t waiting) : state_(std::make_shared<State>(running, waiting)) {}

async::Task<Result<void>> Lane::run_job(std::move_only_function<void()> work, Instant deadline) {
  const auto job = std::make_shared<Job>(std::move(work), Reactor::current().remote());
  switch (state_->enter(job)) {
    case State::Room::none: co_return fail(Origin::internal, "overloaded", "too much of this work waits already");
    case State::Room::now: Slot::start(Slot(state_), job); break;
    case State::Room::later: break;
  }
  auto done = co_await job->done.wait(deadline);
  if (!done) {
    job->abandoned = true;
    state_->leave(job);
  }
  co_return done;
}

}  // namespace tandem::net
