#include "common/process/lifecycle.h"

#include <unistd.h>

#include <csignal>

#include <fmt/format.h>

#include "common/async/sleep.h"
#include "common/base/log.h"
#include "common/net/signals.h"

namespace tandem::process {
namespace {

using namespace std::chrono_literals;
constexpr Duration kLook = 10ms;        // how often a draining process looks whether its last connection has gone
constexpr Duration kLookLater = 100ms;  // one that may go on for hours, after a second

class Lifecycle {
 public:
  Lifecycle(WorkerPool& workers, std::function<LifecycleOptions()> options, LifecycleHooks hooks)
      : workers_(workers), options_(std::move(options)), hooks_(std::move(hooks)) {}

  int run() {
    net::Signals signals;
    for (const int number : {SIGTERM, SIGINT}) signals.on(number, [this] { on_end_signal(); });
    signals.on(SIGUSR1, [this] { hooks_.on_reopen_logs(); });
    signals.on(SIGHUP, [this] { hooks_.on_hangup(); });
    signals.on(SIGUSR2, [this] { on_upgrade_signal(); });
    group_.spawn(async::within(starting_, start()));
    net::Reactor::current().run();
    return 0;
  }

 private:
  async::Task<void> start() {
    co_await hooks_.until_checked();
    starts_ = false;
    if (draining_) co_return;
    workers_.each(&WorkerProgram::start_accepting);
    started_ = true;
    hooks_.on_ready();
  }

  void on_end_signal() {
    if (stopped_) return;
    if (draining_) {
      log_info("second signal: ending at once, {} connections are cut", workers_.active());
      hurry_.cancel(Error{Origin::internal, "second_signal", false, {}});
      return;
    }
    draining_ = true;
    starting_.cancel(Error{Origin::internal, "draining", false, {}});
    upgrade_.cancel(Error{Origin::internal, "draining", false, "the program is told to end"});
    group_.spawn(async::within(hurry_, drain()));
  }

  async::Task<void> drain() {
    const bool waits = started_ && !handed_over_;
    const Duration delay = waits ? options_().drain_delay : Duration::zero();
    log_info("draining: {} connections are open{}", workers_.active(),
             delay > Duration::zero()
                 ? fmt::format("; accepting goes on for {:g} s, a second signal ends at once", to_seconds(delay))
                 : "");
    hooks_.on_draining();
    workers_.each(&WorkerProgram::begin_drain);
    bool hurried = !started_;
    if (waits) hurried = !co_await async::sleep_for(delay);
    workers_.each(&WorkerProgram::stop_accepting);
    if (!hurried) co_await until_nobody_left(options_().drain);
    cut();
    while (starts_ || upgrading_) (void)co_await async::sleep_for(kLook);
    stop();
  }

  // Or until the time is over; false when cancelled. The first look comes after the workers have taken what waited in
  // the kernel's queues.
  async::Task<bool> until_nobody_left(Duration most) {
    const Instant begin = now();
    const Instant end = deadline_after(begin, most);
    while (now() < end) {
      if (!co_await async::sleep_for(now() - begin < 1s ? kLook : kLookLater)) co_return false;
      if (workers_.active() == 0) break;
    }
    co_return true;
  }

  void cut() {
    if (const std::size_t left = workers_.active(); left > 0) log_warn("drain is over: {} connections are cut", left);
    workers_.each(&WorkerProgram::close_all);
  }

  void stop() {
    stopped_ = true;
    net::Reactor::current().stop();
  }

  void on_upgrade_signal() {
    if (getpid() == 1) {
      log_error("upgrade: refused, for with process 1 all others of its namespace would end; restart instead");
    } else if (!started_ || draining_ || upgrading_ || handed_over_) {
      log_warn("upgrade: not now, the program {}", !started_    ? "still starts"
                                                   : upgrading_ ? "does so already"
                                                                : "ends");
    } else {
      upgrading_ = true;
      group_.spawn(async::within(upgrade_, upgrade()));
    }
  }

  async::Task<void> upgrade() {
    const bool ready = co_await hooks_.until_successor_ready();
    upgrading_ = false;
    if (!ready) co_return;
    if (draining_) co_return hooks_.on_called_off();
    handed_over_ = true;
    hooks_.on_handed_over();
    if (!co_await until_nobody_left(options_().upgrade_drain)) co_return;  // TERM has come: drain() goes on with it
    cut();
    stop();
  }

  WorkerPool& workers_;
  const std::function<LifecycleOptions()> options_;
  LifecycleHooks hooks_;
  async::CancelScope hurry_;
  async::CancelScope starting_;
  async::CancelScope upgrade_;
  async::TaskGroup group_;
  bool starts_ = true;  // start() still runs
  bool started_ = false;
  bool draining_ = false;
  bool upgrading_ = false;
  bool handed_over_ = false;
  bool stopped_ = false;
};

}  // namespace

int run_until_ended(WorkerPool& workers, std::function<LifecycleOptions()> options, LifecycleHooks hooks) {
  return Lifecycle(workers, std::move(options), std::move(hooks)).run();
}

}  // namespace tandem::process
