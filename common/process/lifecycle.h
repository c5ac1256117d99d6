// The life of a running program on its control thread: wait for the first round of checks, accept, and on TERM or INT
// drain and end. A second TERM or INT ends at once. On USR2 another process takes over, and this one ends with its last
// connection.
#pragma once
#include <functional>

#include "common/async/task_group.h"
#include "common/base/clock.h"
#include "common/process/worker_pool.h"

namespace tandem::process {

struct LifecycleOptions {
  Duration drain_delay;    // after TERM: still accepting, while those who check see "draining"
  Duration drain;          // then: how long established connections may go on
  Duration upgrade_drain;  // after an upgrade: likewise
};

// What the program does at the turns of its life; called on the control thread.
struct LifecycleHooks {
  std::function<async::Task<void>()> until_checked;  // ends when accepting may begin
  std::function<void()> on_ready;
  std::function<void()> on_draining;
  std::function<void()> on_reopen_logs;  // USR1; any number of times
  std::function<void()> on_hangup;       // HUP: reload; likewise
  // USR2: true when a successor accepts; then either of the two is called.
  std::function<async::Task<bool>()> until_successor_ready;
  std::function<void()> on_handed_over;  // the successor has everything new
  std::function<void()> on_called_off;   // TERM has come: it is not wanted any more
};

// Runs this thread's reactor until the program has ended. Gives the exit status. `options` is asked when it counts: a
// reload may have changed them.
int run_until_ended(WorkerPool& workers, std::function<LifecycleOptions()> options, LifecycleHooks hooks);

}  // namespace tandem::process
