#include "common/net/off_loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "common/async/task_group.h"
#include "common/net/reactor.h"
#include "tests/support/run_task.h"

using namespace tandem;
using namespace tandem::net;
using namespace std::chrono_literals;

using tandem::test::run;

namespace {

// What some jobs said, in the order of their ends.
using Outcomes = std::vector<std::string>;

async::Task<void> note(Lane& lane, std::move_only_function<std::string()> work, Outcomes& into,
                       Instant deadline = kNoDeadline) {
  const auto said = co_await lane.run<std::string>(std::move(work), deadline);
  into.push_back(said ? *said : std::string(said.error().reason));
}

async::Task<void> emptied(async::TaskGroup& group) { co_await group.until_empty(); }

}  // namespace

TEST_CASE("off loop: work is done on another thread and its result comes back to the loop") {
  Reactor reactor;
  Lane lane(2, 2);
  std::thread::id there;
  Outcomes outcomes;
  run(reactor, note(lane, [&] { return there = std::this_thread::get_id(), std::string("done"); }, outcomes));
  CHECK(outcomes == Outcomes{"done"});
  CHECK(there != std::this_thread::get_id());
}

TEST_CASE("off loop: no more than so many run at a time, and no more than so many wait") {
  Reactor reactor;
  Lane lane(2, 3);
  std::atomic<int> running = 0, most = 0;
  std::latch go(1);
  Outcomes outcomes;
  async::TaskGroup group;
  for (int i = 0; i < 7; ++i) {
    group.spawn(note(
        lane,
        [&] {
          const int now_running = ++running;
          running.notify_all();
          for (int seen = most; now_running > seen && !most.compare_exchange_weak(seen, now_running);) continue;
          go.wait();
          --running;
          return std::string("done");
        },
        outcomes));
  }
  CHECK(outcomes == Outcomes{"overloaded", "overloaded"});
  for (int seen = running; seen < 2; seen = running) running.wait(seen);
  go.count_down();
  run(reactor, emptied(group));
  CHECK(outcomes.size() == 7);
  CHECK(std::ranges::count(outcomes, "done") == 5);
  CHECK(most == 2);
  run(reactor, note(lane, [] { return std::string("again"); }, outcomes));
  CHECK(outcomes.back() == "again");
}

TEST_CASE("off loop: who is cancelled, or waits too long, goes on at once; what had not begun never does") {
  Reactor reactor;
  Lane lane(1, 3);
  std::latch begun(1), go(1);
  std::atomic<int> late = 0;
  Outcomes cancelled, overdue, outcomes;
  async::TaskGroup group, hasty, patient;
  group.spawn(note(lane, [&] { return begun.count_down(), go.wait(), std::string("dropped"); }, cancelled));
  group.spawn(note(lane, [&] { return ++late, std::string("dropped"); }, cancelled));
  hasty.spawn(note(lane, [&] { return ++late, std::string("dropped"); }, overdue, now()));
  patient.spawn(note(lane, [] { return std::string("done"); }, outcomes));
  begun.wait();
  group.cancel(Error{Origin::client, "client_reset", false, {}});
  run(reactor, emptied(group));
  run(reactor, emptied(hasty));
  CHECK(cancelled == Outcomes{"client_reset", "client_reset"});
  CHECK(overdue == Outcomes{"timeout"});
  CHECK(outcomes.empty());
  go.count_down();
  run(reactor, emptied(patient));
  CHECK(outcomes == Outcomes{"done"});
  CHECK(late == 0);
}

TEST_CASE("off loop: loops share a lane, and one that ends leaves its turn to the others") {
  Lane lane(1, 8);
  std::latch begun(1), waiting(2), go(1), ended(1);
  Outcomes first, second, third;
  std::thread ending([&] {
    Reactor reactor;
    async::TaskGroup group;
    group.spawn(note(lane, [&] { return begun.count_down(), go.wait(), std::string("dropped"); }, first));
    begun.wait();
    waiting.wait();
    group.cancel(Error{Origin::internal, "shutdown", false, {}});
    run(reactor, emptied(group));
    ended.count_down();  // the job is still at it: the reactor's end waits for it
  });
  const auto other = [&](Outcomes& outcomes) {
    Reactor reactor;
    async::TaskGroup group;
    begun.wait();
    group.spawn(note(lane, [] { return std::string("done"); }, outcomes));
    waiting.count_down();
    run(reactor, emptied(group));
  };
  std::thread staying(other, std::ref(second)), also(other, std::ref(third));
  ended.wait();
  go.count_down();
  ending.join();
  staying.join();
  also.join();
  CHECK(first == Outcomes{"shutdown"});
  CHECK(second == Outcomes{"done"});
  CHECK(third == Outcomes{"done"});
}
