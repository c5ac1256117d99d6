#include "common/async/task.h"

#include <doctest/doctest.h>

#include "common/async/sleep.h"
#include "common/async/task_group.h"
#include "common/async/when_all.h"

using namespace tandem;
using namespace tandem::async;
using namespace std::chrono_literals;

namespace {

// Drives this thread's scheduler as the reactor does, with the time of the wheels moved by hand.
void run_for(Duration duration) {
  Scheduler& scheduler = Scheduler::current();
  const Instant end = scheduler.now() + duration;
  while (scheduler.now() < end) {
    while (scheduler.drain()) {
    }
    scheduler.set_now(scheduler.now() + 5ms);
    scheduler.deadlines().advance(scheduler.now());
  }
  while (scheduler.drain()) {
  }
}

Task<int> number(int n) { co_return n; }
Task<void> count_awaits(int times, int& sum) {
  for (int i = 0; i < times; ++i) sum += co_await number(1);
}
Task<void> wait_for(Event& event, Instant deadline, std::string& outcome) {
  const auto result = co_await event.wait(deadline);
  outcome = result ? "set" : std::string(result.error().reason);
}
Task<int> number_after(Event& event, int n) {
  (void)co_await event.wait();
  co_return n;
}
Task<void> join(Event& first, Event& second, std::vector<int>& results) {
  std::vector<Task<int>> tasks;
  tasks.push_back(number_after(first, 1));
  tasks.push_back(number_after(second, 2));
  tasks.push_back(number(3));
  results = co_await when_all(std::move(tasks));
}
Task<void> in_inner_scope(Event& event, std::string& outcome, CancelScope& inner) {
  co_await within(inner, wait_for(event, kNoDeadline, outcome));
}

}  // namespace

TEST_CASE("task: two million awaits of a task that ends at once neither suspend nor grow the stack") {
  TaskGroup group;
  int sum = 0;
  group.spawn(count_awaits(2'000'000, sum));
  CHECK(sum == 2'000'000);
  CHECK(group.size() == 0);
}

TEST_CASE("event: a waiting coroutine goes on through the scheduler, not inside set()") {
  TaskGroup group;
  Event event;
  std::string outcome;
  group.spawn(wait_for(event, kNoDeadline, outcome));
  event.set();
  CHECK(outcome.empty());
  run_for(0ms);
  CHECK(outcome == "set");
}

TEST_CASE("event: set before the wait lets the wait end at once, and only one") {
  TaskGroup group;
  Event event;
  std::string first;
  std::string second;
  event.set();
  group.spawn(wait_for(event, kNoDeadline, first));
  CHECK(first == "set");
  group.spawn(wait_for(event, kNoDeadline, second));
  CHECK(second.empty());
  event.set();
  run_for(0ms);
}

TEST_CASE("event: the deadline ends the wait, never early") {
  TaskGroup group;
  Event event;
  std::string outcome;
  group.spawn(wait_for(event, Scheduler::current().now() + 50ms, outcome));
  run_for(45ms);
  CHECK(outcome.empty());
  run_for(15ms);
  CHECK(outcome == "timeout");
}

TEST_CASE("cancel: a cancelled scope wakes what waits in it and refuses new waits") {
  TaskGroup group;
  Event event;
  std::string outcome;
  std::string late;
  group.spawn(wait_for(event, kNoDeadline, outcome));
  group.cancel(Error{Origin::client, "client_left", false, {}});
  run_for(0ms);
  CHECK(outcome == "client_left");
  group.spawn(wait_for(event, kNoDeadline, late));
  CHECK(late == "client_left");
}

TEST_CASE("cancel: a scope within is cancelled with the one around it, and its own deadline fires") {
  TaskGroup group;
  Event event;
  std::string outcome;
  {
    CancelScope inner(group.scope());
    group.spawn(in_inner_scope(event, outcome, inner));
    inner.set_deadline(Scheduler::current().now() + 20ms, Origin::upstream, "upstream_timeout");
    run_for(40ms);
    CHECK(outcome == "upstream_timeout");
  }
  CancelScope inner(group.scope());
  group.spawn(in_inner_scope(event, outcome, inner));
  group.cancel(Error{Origin::client, "client_left", false, {}});
  run_for(0ms);
  CHECK(outcome == "client_left");
}

TEST_CASE("when_all: results stand in the order of the tasks, whichever ends first") {
  TaskGroup group;
  Event first;
  Event second;
  std::vector<int> results;
  group.spawn(join(first, second, results));
  second.set();
  run_for(0ms);
  CHECK(results.empty());
  first.set();
  run_for(0ms);
  CHECK(results == std::vector{1, 2, 3});
}

TEST_CASE("when_all: cancelled from outside, it still waits for every task") {
  TaskGroup group;
  Event first;
  Event second;
  std::vector<int> results;
  group.spawn(join(first, second, results));
  group.cancel(Error{Origin::client, "client_left", false, {}});
  run_for(0ms);
  CHECK(results == std::vector{1, 2, 3});
  CHECK(group.size() == 0);
}
