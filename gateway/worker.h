// What a gateway runs on one worker thread: its listening sockets, the connections they gave, and what exchanges share.
// Made, used and destroyed on that thread.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "common/async/task_group.h"
#include "common/net/socket.h"
#include "common/process/connection_limit.h"
#include "common/process/worker_pool.h"
#include "gateway/generation.h"
#include "gateway/listener_state.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {

class Worker final : public process::WorkerProgram, private process::RoomMaker {
 public:
  // `sockets`: this worker's of each listener, in the order of the configuration.
  // `limits`: of all workers.
  Worker(std::shared_ptr<const Generation> generation, std::vector<net::Sockets> sockets, observe::LogSink& access_sink,
         SpanQueue& spans, process::ConnectionLimits& limits);
  ~Worker() override;

  void start_accepting() override;
  void begin_drain() override;
  void stop_accepting() override;
  void hand_over(const std::vector<bool>& kept) override;  // idle connections stay until their next answer
  std::vector<std::vector<int>> descriptors() const override;
  void close_all() override;
  std::size_t active() const override { return open_.load(std::memory_order_relaxed); }

  // A reload. `sockets`: in the order of the new listeners, empty where the address is listened on already. Listeners
  // that are no more take what waits; running requests go on with the generation that they hold.
  void adopt(std::shared_ptr<const Generation> next, std::vector<net::Sockets> sockets);

  const std::shared_ptr<const Generation>& generation() const { return generation_; }
  WorkerContext& context() { return context_; }
  async::TaskGroup& tasks() { return tasks_; }
  bool draining() const { return draining_; }  // answers carry `Connection: close`
  bool stopping() const { return stopping_; }  // nothing is accepted any more: idle connections end

  void entered() { open_.fetch_add(1, std::memory_order_relaxed); }  // a listener has a connection more
  void forget(Connection& connection);                               // it has closed; destroys it
  // Of those that count at `full`, the longest idle at its listener.
  bool end_an_idle_one(const process::ConnectionLimit& full);

 private:
  void make_room_at(const process::ConnectionLimit* full) noexcept override;
  void end_tunnels();
  Connection* longest_idle(const process::ConnectionLimit* counted_at) const;

  void use(std::shared_ptr<const Generation> generation);
  void use_redis();
  void listen(std::size_t index, net::Sockets sockets);
  void retire(std::unique_ptr<ListenerState> listener);

  std::shared_ptr<const Generation> generation_;
  WorkerContext context_;
  std::vector<std::unique_ptr<ListenerState>> listeners_;
  std::vector<std::unique_ptr<ListenerState>> retired_;  // until their last connection ends
  async::TaskGroup tasks_;
  process::ConnectionLimits& limits_;
  std::atomic<std::size_t> open_{0};
  bool accepting_ = false;
  bool draining_ = false;
  bool stopping_ = false;
  const process::RoomMakers::Membership makes_room_;
};

}  // namespace tandem::gateway
