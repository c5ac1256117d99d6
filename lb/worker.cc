#include "lb/worker.h"

#include <algorithm>
#include <utility>

#include "common/async/sleep.h"

namespace tandem::lb {

Worker::Worker(std::shared_ptr<Generation> generation, std::vector<net::Sockets> sockets, observe::LogSink& access_log)
    : generation_(std::move(generation)), access_log_(access_log) {
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    listeners_.push_back(std::make_unique<Listener>(*this, generation_, i, std::move(sockets[i])));
  }
}

Worker::~Worker() {
  close_all();
  while (tasks_.size() > 0) async::Scheduler::current().drain();
  ending_ = true;
  sessions_.end_all();
}

void Worker::start_accepting() {
  accepting_ = true;
  for (auto& listener : listeners_) listener->start();
}

void Worker::stop_accepting() {
  for (auto& listener : listeners_) listener->finish();
}

void Worker::hand_over(const std::vector<bool>& kept) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) kept[i] ? listeners_[i]->close() : listeners_[i]->finish();
}

std::vector<std::vector<int>> Worker::descriptors() const {
  std::vector<std::vector<int>> all;
  for (const auto& listener : listeners_) all.push_back(listener->descriptors());
  return all;
}

void Worker::adopt(std::shared_ptr<Generation> next, std::vector<net::Sockets> sockets) {
  const std::shared_ptr<Generation> before = std::exchange(generation_, std::move(next));
  std::vector<std::unique_ptr<Listener>> old = std::exchange(listeners_, {});
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].empty()) {
      const auto& config = generation_->config.listeners[i];
      const auto known = std::ranges::find_if(old, [&](const auto& other) {
        return other && process::same_listener(other->place(), {config.name, config.listen});
      });
      sockets[i] = (*known)->release();
      retire(std::exchange(*known, nullptr));
    }
    listeners_.push_back(std::make_unique<Listener>(*this, generation_, i, std::move(sockets[i])));
    if (accepting_) listeners_.back()->start();
  }
  for (auto& gone : old) {
    if (!gone) continue;
    gone->finish();
    retire(std::move(gone));
  }
}

void Worker::retire(std::unique_ptr<Listener> listener) {
  if (listener->open() > 0) retired_.push_back(std::move(listener));
}

void Worker::close_all() {
  tasks_.cancel(Error{Origin::internal, "drain", false, {}});
  sessions_.close_all(net::RelayEnd::drain);
}

void Worker::close_connections_to(const balance::Server& server) { sessions_.close_to(server); }

void Worker::tell(OpenConnections& to) const {
  for (const Arrival* arrival : arrivals_.all()) {
    if (!to.look()) return;
    if (to.wants(arrival->connection.accepted, to.at() - arrival->phase_began)) to.add(describe(*arrival, to.at()));
  }
  sessions_.tell(to);
}

void Worker::entered() { open_.store(open_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

void Worker::left(Listener& of) {
  open_.store(open_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  if (!retired_.empty() && of.open() == 0 && !ending_) tasks_.spawn(let_go());
}

// A turn later: the listener is still being used by who tells of the end.
async::Task<void> Worker::let_go() {
  (void)co_await async::sleep_for(Duration::zero());
  std::erase_if(retired_, [](const auto& listener) { return listener->open() == 0; });
}

}  // namespace tandem::lb
