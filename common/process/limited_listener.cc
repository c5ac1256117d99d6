#include "common/process/limited_listener.h"

#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"

namespace tandem::process {
namespace {

using namespace std::chrono_literals;
constexpr Duration kLookAgain = 20ms;  // while full: another worker's connection may have made room

async::Scheduler& scheduler() { return async::Scheduler::current(); }

}  // namespace

LimitedListener::LimitedListener(net::Sockets sockets, Owner& owner, std::string name, ConnectionLimits& limits,
                                 std::shared_ptr<ConnectionLimit> own)
    : owner_(owner), name_(std::move(name)), limits_(limits), own_(std::move(own)), retry_(*this) {
  for (net::Socket& socket : sockets) {
    sockets_.emplace_back(std::move(socket), static_cast<net::Listener::Owner&>(*this));
  }
}

void LimitedListener::start() {
  if (state_ != State::idle) return;
  state_ = State::accepting;
  for (net::Listener& socket : sockets_) {
    if (auto started = socket.start(); !started) log_error("listener \"{}\": {}", name_, started.error().detail);
  }
}

void LimitedListener::stop() {
  state_ = State::finished;
  retry_.disarm();
}

void LimitedListener::finish() {
  stop();
  for (net::Listener& socket : sockets_) socket.finish();
}

void LimitedListener::close() {
  stop();
  for (net::Listener& socket : sockets_) socket.close();
}

net::Sockets LimitedListener::release() {
  stop();
  net::Sockets released;
  for (net::Listener& socket : sockets_) released.push_back(socket.release());
  return released;
}

std::vector<int> LimitedListener::descriptors() const {
  std::vector<int> all;
  for (const net::Listener& socket : sockets_) all.push_back(socket.descriptor());
  return all;
}

void LimitedListener::leave() {
  give_back();
  look_again();
}

void LimitedListener::look_again() {
  if (state_ != State::paused) return;
  retry_.disarm();
  state_ = State::idle;
  start();
}

// Against the order of entering, so that the process never counts more than its listeners do.
void LimitedListener::give_back() {
  limits_.process().leave();
  own_->leave();
}

ConnectionLimit* LimitedListener::try_enter() {
  if (!own_->try_enter()) return own_.get();
  if (limits_.process().try_enter()) return nullptr;
  own_->leave();
  return &limits_.process();
}

bool LimitedListener::admit(net::Listener& socket) noexcept {
  if (state_ == State::finished) {
    own_->enter();
    limits_.process().enter();
    return true;
  }
  ConnectionLimit* full = try_enter();
  if (!full) return true;
  if (!socket.has_waiting()) return false;
  if (owner_.make_room(*full)) full = try_enter();
  if (!full) return true;
  pause(*full);
  return false;
}

void LimitedListener::on_none(net::Listener&) noexcept { give_back(); }

void LimitedListener::on_accept(net::Listener&, net::Socket socket, const Address& peer) noexcept {
  owner_.on_accept(std::move(socket), peer);
}

void LimitedListener::pause(ConnectionLimit& full) {
  const Instant now = scheduler().now();
  state_ = State::paused;
  for (net::Listener& socket : sockets_) socket.pause();
  scheduler().deadlines().arm(retry_, now + kLookAgain);
  if (now - asked_ >= kLookAgain) {
    asked_ = now;
    limits_.room_makers().ask_others(full);
  }
  if (!own_->warnings().due(now)) return;
  log_warn("listener \"{}\": accepting pauses at {} connections: {}", name_, full.open(),
           &full == own_.get()                ? "its max_connections is reached"
           : limits_.limited_by_descriptors() ? "the limit of open files allows no more descriptors (see ulimit -n)"
                                              : "the process's max_connections is reached");
}

}  // namespace tandem::process
