#include "gateway/worker.h"

#include <algorithm>
#include <utility>

#include "common/async/scheduler.h"
#include "common/process/listening.h"
#include "gateway/rate_limit/shared.h"

namespace tandem::gateway {

Worker::Worker(std::shared_ptr<const Generation> generation, std::vector<net::Sockets> sockets,
               observe::LogSink& access_sink, SpanQueue& spans, process::ConnectionLimits& limits)
    : context_(access_sink, spans), limits_(limits), makes_room_(limits.room_makers(), *this) {
  context_.background = &tasks_;
  use(std::move(generation));
  for (std::size_t i = 0; i < sockets.size(); ++i) listen(i, std::move(sockets[i]));
}

// The pools of servers that stay are kept, those of others end.
void Worker::use(std::shared_ptr<const Generation> generation) {
  const std::shared_ptr<const Generation> before = std::exchange(generation_, std::move(generation));
  context_.access_log.use(generation_->log_rules);
  context_.tracer.use(generation_->config.trace ? &*generation_->config.trace : nullptr);
  context_.metrics.forget_routes();
  use_redis();
  auto pools = std::exchange(context_.pools, {});
  for (std::size_t i = 0; i < generation_->upstreams.size(); ++i) {
    const KeepaliveConfig& keepalive = generation_->config.upstreams[i].keepalive;
    for (const auto& server : generation_->upstreams[i]->servers()) {
      auto& pool = context_.pools[server.get()] = std::move(pools[server.get()]);
      if (!pool) pool = std::make_unique<http::ConnectionPool>(keepalive.connections, keepalive.idle);
      const auto& tls = generation_->upstreams[i]->options().tls;
      pool->configure(keepalive.connections, keepalive.idle, tls ? tls->context : nullptr);
    }
  }
}

// A connection whose server is the same goes on.
void Worker::use_redis() {
  auto before = std::exchange(context_.redis_clients, {});
  for (const SharedRedis& one : generation_->redis) {
    std::shared_ptr<redis::Client> client;
    if (const auto known = before.find(one.options->name); known != before.end()) client = std::move(known->second);
    if (client && !client->configure(one.options)) {
      client->stop();
      client.reset();
    }
    if (!client) {
      client = std::make_shared<redis::Client>(one.options, one.health, probe_of(one.options->prefix));
      client->start(tasks_);
    }
    context_.redis_clients.emplace(one.options->name, std::move(client));
  }
  for (const auto& [name, client] : before) {
    if (client) client->stop();
  }
}

void Worker::listen(std::size_t index, net::Sockets sockets) {
  listeners_.push_back(std::make_unique<ListenerState>(*this, generation_->config.listeners[index], std::move(sockets),
                                                       limits_, generation_->listeners[index]));
}

void Worker::adopt(std::shared_ptr<const Generation> next, std::vector<net::Sockets> sockets) {
  use(std::move(next));
  auto old = std::exchange(listeners_, {});
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const ListenerConfig& config = generation_->config.listeners[i];
    if (!sockets[i].empty()) {
      listen(i, std::move(sockets[i]));
      continue;
    }
    auto& known = *std::ranges::find_if(old, [&config](const auto& other) {
      return other &&
             process::same_listener({other->config().name, other->config().listen}, {config.name, config.listen});
    });
    if (known->config().name == config.name) {
      known->set_config(config, generation_->listeners[i].access);
      listeners_.push_back(std::move(known));
    } else {  // its counters and its name in Via are others
      listen(i, known->socket.release());
      retire(std::move(known));
    }
  }
  if (accepting_) start_accepting();
  for (auto& gone : old) {
    if (gone) retire(std::move(gone));
  }
}

// Takes what waits; it may have ended with that already.
void Worker::retire(std::unique_ptr<ListenerState> listener) {
  ListenerState& state = *retired_.emplace_back(std::move(listener));
  state.socket.finish();
  state.retired = true;
  std::erase_if(retired_, [](const auto& one) { return one->has_ended(); });
}

Worker::~Worker() {
  close_all();
  while (tasks_.size() > 0) async::Scheduler::current().drain();
}

void Worker::start_accepting() {
  accepting_ = true;
  for (auto& listener : listeners_) listener->socket.start();
}

void Worker::begin_drain() { draining_ = true; }

void Worker::stop_accepting() {
  draining_ = stopping_ = true;
  for (auto& listener : listeners_) listener->socket.finish();
  while (end_an_idle_one(limits_.process())) {
  }
}

void Worker::hand_over(const std::vector<bool>& kept) {
  draining_ = true;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    kept[i] ? listeners_[i]->socket.close() : listeners_[i]->socket.finish();
  }
}

std::vector<std::vector<int>> Worker::descriptors() const {
  std::vector<std::vector<int>> all;
  for (const auto& listener : listeners_) all.push_back(listener->socket.descriptors());
  return all;
}

void Worker::close_all() {
  for (auto& listener : listeners_) listener->socket.close();
  end_tunnels();
  tasks_.cancel(Error{Origin::internal, "shutting_down", false, {}});
  context_.pools.clear();
}

// Each ends with its connection, the last of a retired listener with that listener: so they are found first.
void Worker::end_tunnels() {
  std::vector<Connection*> all;
  for (const auto* states : {&retired_, &listeners_}) {
    for (const auto& state : *states) {
      for (const auto& connection : state->connections) all.push_back(connection.get());
    }
  }
  for (Connection* connection : all) connection->end_tunnel(net::RelayEnd::drain);
}

void Worker::forget(Connection& connection) {
  ListenerState& listener = connection.listener();
  open_.fetch_sub(1, std::memory_order_relaxed);
  (connection.is_idle() ? listener.idle : listener.connections).erase(connection.place);
  listener.socket.leave();
  if (listener.has_ended()) std::erase_if(retired_, [](const auto& one) { return one->has_ended(); });
}

// ---- at a limit: who waits between two requests makes room

Connection* Worker::longest_idle(const process::ConnectionLimit* counted_at) const {
  for (const auto* states : {&retired_, &listeners_}) {
    for (const auto& state : *states) {
      const bool counts = counted_at == &limits_.process() || counted_at == &state->socket.limit();
      if (counts && !state->idle.empty()) return state->idle.front().get();
    }
  }
  return nullptr;
}

bool Worker::end_an_idle_one(const process::ConnectionLimit& full) {
  Connection* connection = longest_idle(&full);
  if (connection) connection->end_idle();
  return connection != nullptr;
}

void Worker::make_room_at(const process::ConnectionLimit* full) noexcept {
  Connection* connection = longest_idle(full);
  if (!connection) return;
  if (limits_.process().full() || connection->listener().socket.limit().full()) connection->end_idle();
}

}  // namespace tandem::gateway
