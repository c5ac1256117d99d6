#include "common/net/signals.h"

#include <doctest/doctest.h>

#include <csignal>

#include "common/async/sleep.h"
#include "common/async/task_group.h"
#include "common/net/reactor.h"

using namespace tandem;
using namespace std::chrono_literals;

namespace {

async::Task<void> waits_then_stops(bool& went_on) {
  went_on = (co_await async::sleep_for(5ms)).has_value();
  net::Reactor::current().stop();
}

}  // namespace

TEST_CASE("signals: a coroutine that a signal starts goes on when its wait is over, though nothing else happens") {
  net::Reactor reactor;
  async::TaskGroup tasks;
  bool went_on = false;
  {
    net::Signals signals;
    signals.on(SIGUSR2, [&] { tasks.spawn(waits_then_stops(went_on)); });
    std::raise(SIGUSR2);
    reactor.run();
  }
  CHECK(went_on);
}

TEST_CASE("signals: what comes after them is ignored, so that a second TERM does not kill a process that is ending") {
  net::Reactor reactor;
  {
    net::Signals().on(SIGUSR2, [] {});
  }
  std::raise(SIGUSR2);
}
