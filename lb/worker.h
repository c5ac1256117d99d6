// What lb runs on one worker thread: its listeners, the connections being set up, and the sessions. Made, used and
// destroyed on that thread.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "common/async/task_group.h"
#include "common/process/worker_pool.h"
#include "lb/access_log.h"
#include "lb/arrival.h"
#include "lb/failed_connections.h"
#include "lb/generation.h"
#include "lb/listener.h"
#include "lb/open_connections.h"
#include "lb/session.h"

namespace tandem::lb {

class Worker final : public process::WorkerProgram {
 public:
  // `sockets`: this worker's of each listener, in the order of the configuration.
  Worker(std::shared_ptr<Generation> generation, std::vector<net::Sockets> sockets, observe::LogSink& access_log);
  ~Worker() override;

  void start_accepting() override;
  void begin_drain() override {}  // nobody at layer 4 can be told
  void stop_accepting() override;
  void hand_over(const std::vector<bool>& kept) override;
  std::vector<std::vector<int>> descriptors() const override;
  void close_all() override;
  std::size_t active() const override { return open_.load(std::memory_order_relaxed); }

  // A reload. `sockets`: in the order of the new listeners, empty where the address is listened on already. Listeners
  // that are no more take what waits; connections go on with what they began with.
  void adopt(std::shared_ptr<Generation> next, std::vector<net::Sockets> sockets);

  // on_down = "close": ends the connections to a server that went down.
  void close_connections_to(const balance::Server& server);

  // Those that are being set up, and the sessions.
  void tell(OpenConnections& to) const;

  async::TaskGroup& tasks() { return tasks_; }
  Arrivals& arrivals() { return arrivals_; }
  SessionList& sessions() { return sessions_; }
  AccessLog& access_log() { return access_log_; }
  FailedConnections& failed() { return failed_; }
  const config::LogConfig& log_config() const { return generation_->config.log; }
  void entered();           // a connection was accepted
  void left(Listener& of);  // it has ended

 private:
  void retire(std::unique_ptr<Listener> listener);
  async::Task<void> let_go();  // of what is retired and has no connection left

  std::shared_ptr<Generation> generation_;
  AccessLog access_log_;
  FailedConnections failed_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // in the order of the configuration
  std::vector<std::unique_ptr<Listener>> retired_;    // of earlier generations, until their last connection ends
  SessionList sessions_;
  Arrivals arrivals_;
  async::TaskGroup tasks_;  // connections being set up
  std::atomic<std::size_t> open_{0};
  bool accepting_ = false;
  bool ending_ = false;
};

}  // namespace tandem::lb
