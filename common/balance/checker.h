// Runs the active checks of all upstreams of a generation: one coroutine per server, its verdicts written into the
// Server and said once in the log. Owned by the control thread and living on it. A reload makes a new one (what is
// known of a server that stays is kept) and stops the old one.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "common/async/task_group.h"
#include "common/balance/probe.h"
#include "common/balance/upstream.h"

namespace tandem::balance {

class Checker {
 public:
  // `on_change` hears of every server whose health has changed, after its state is in force (on_down = "close").
  using OnChange = std::function<void(Upstream&, Server&)>;
  explicit Checker(std::vector<std::shared_ptr<Upstream>> upstreams, OnChange on_change = {});
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  // Ends what still runs. Not from within a coroutine, unless stop() has been awaited there.
  ~Checker();

  // Begins checking; upstreams with check = "off" are up from here on.
  void start();

  // Ends when every server has been checked once, at the latest a check's timeout and 1 s after start(). What has not
  // passed by then counts as down. Accepting begins after it.
  async::Task<void> until_first_round();

  // Begins no further check, waits for those that are under way and notes them: what replaces it does not throw away
  // what a slow check is about to find out, however often it is replaced.
  async::Task<void> retire();
  void cancel() { end(checks_.scope()); }  // ends those too, soon

  // Cancels the checks and waits for their end. Who awaits the first round goes on, and nothing is decided by it.
  async::Task<void> stop();

 private:
  async::Task<void> watch(std::shared_ptr<Upstream> upstream, std::size_t index);
  async::Task<bool> pause(Duration length);  // false: there is to be no further check
  void end(async::CancelScope& scope);
  void note(Upstream& upstream, Server& server, CheckOutcome outcome, Instant now);
  void publish(Upstream& upstream, Server& server, Instant now);
  void end_first_round();

  const std::vector<std::shared_ptr<Upstream>> upstreams_;
  const OnChange on_change_;
  async::TaskGroup checks_;
  async::CancelScope pauses_{checks_.scope()};  // between the checks of a server
  async::Event all_checked_;
  std::size_t unchecked_ = 0;
  Instant first_round_ends_{};
  bool stopped_ = false;
};

}  // namespace tandem::balance
