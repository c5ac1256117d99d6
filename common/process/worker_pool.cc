#include "common/process/worker_pool.h"

#include <pthread.h>

#include <csignal>
#include <latch>
#include <string>

namespace tandem::process {
namespace {

// Signals are the control thread's: workers are started with all of them blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

WorkerPool::WorkerPool(unsigned count, const Make& make) {
  const SignalsBlocked blocked;
  std::latch made(count);
  for (unsigned index = 0; index < count; ++index) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([&worker, &made, &make, index] {
      pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index)).c_str());
      net::Reactor reactor;
      std::unique_ptr<WorkerProgram> program = make(index);
      worker.reactor = &reactor;
      worker.program = program.get();
      made.count_down();
      reactor.run();
      program.reset();
    });
  }
  made.wait();
}

WorkerPool::~WorkerPool() {
  for (auto& worker : workers_) worker->reactor->stop();
  for (auto& worker : workers_) worker->thread.join();
}

void WorkerPool::each(void (WorkerProgram::*action)()) {
  for (auto& worker : workers_) worker->reactor->post([program = worker->program, action] { (program->*action)(); });
}

void WorkerPool::post_each(const std::function<void(WorkerProgram&)>& action) {
  for (auto& worker : workers_) worker->reactor->post([program = worker->program, action] { action(*program); });
}

void WorkerPool::run_on_each(const std::function<void(unsigned, WorkerProgram&)>& action) {
  std::latch done(size());
  for (unsigned index = 0; index < size(); ++index) {
    workers_[index]->reactor->post([&action, &done, index, program = workers_[index]->program] {
      action(index, *program);
      done.count_down();
    });
  }
  done.wait();
}

std::size_t WorkerPool::active() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->program->active();
  return sum;
}

}  // namespace tandem::process
