// The worker threads: each has a reactor and, made on the thread itself, what the program runs there. Owned by the
// control thread, which talks to the workers by posting to their reactors.
#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/net/reactor.h"

namespace tandem::process {

// What a program runs on a worker. Made, called and destroyed on the worker's thread, but for active().
class WorkerProgram {
 public:
  virtual ~WorkerProgram() = default;
  virtual void start_accepting() = 0;  // the first round of checks is done
  virtual void begin_drain() = 0;      // still accepting; clients are told to go
  virtual void stop_accepting() = 0;   // what waits in the kernel's queues is still taken
  // Another process has the listening sockets: closes those of the listeners where `kept` says so, takes what waits at
  // the others. Connections go on; clients are told to go when that loses nothing.
  virtual void hand_over(const std::vector<bool>& kept) = 0;
  virtual std::vector<std::vector<int>> descriptors() const = 0;  // of its listening sockets, [listener][socket]
  virtual void close_all() = 0;                                   // time is up: everything that goes on is cut
  virtual std::size_t active() const = 0;                         // connections that are open; from any thread
};

class WorkerPool {
 public:
  using Make = std::function<std::unique_ptr<WorkerProgram>(unsigned index)>;

  // Starts `count` threads and waits until every one has made its program.
  WorkerPool(unsigned count, const Make& make);
  // Ends the threads; their programs must have closed everything, or close it in their destructors.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void each(void (WorkerProgram::*action)());  // posted to every worker
  void post_each(const std::function<void(WorkerProgram&)>& action);
  // Calls `action` on each worker's thread and returns when all of them are through.
  void run_on_each(const std::function<void(unsigned index, WorkerProgram&)>& action);
  std::size_t active() const;  // over all workers
  unsigned size() const { return static_cast<unsigned>(workers_.size()); }
  net::Reactor& reactor(unsigned index) { return *workers_[index]->reactor; }

 private:
  struct Worker {
    std::thread thread;
    net::Reactor* reactor = nullptr;
    WorkerProgram* program = nullptr;
  };
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tandem::process
