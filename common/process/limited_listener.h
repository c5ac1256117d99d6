// A worker's listening sockets of one address (one, unless there were more workers once) that keep to the limits of
// their listener and of the process: what is too much waits in the kernel's queues, with one warning a second, until a
// connection has ended, here or at another worker. Owned by the program's listener, used on its thread.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/async/timer_wheel.h"
#include "common/net/listener.h"
#include "common/process/connection_limit.h"

namespace tandem::process {

class LimitedListener final : private net::Listener::Owner {
 public:
  class Owner {
   public:
    // A connection, counted at both limits: a leave() is to follow, from within this call at the earliest.
    virtual void on_accept(net::Socket socket, const Address& peer) noexcept = 0;
    // Somebody waits, and `full` is reached. Ends one of this worker's connections that can be spared; it leaves.
    // False: there is none.
    virtual bool make_room(const ConnectionLimit& full) noexcept {
      (void)full;
      return false;
    }

   protected:
    ~Owner() = default;
  };

  // `sockets`: one at least. `limits` outlives it. `own`: of the listener called `name`.
  LimitedListener(net::Sockets sockets, Owner& owner, std::string name, ConnectionLimits& limits,
                  std::shared_ptr<ConnectionLimit> own);
  LimitedListener(const LimitedListener&) = delete;
  LimitedListener& operator=(const LimitedListener&) = delete;

  void start();            // accepts from now on
  void finish();           // takes what waits, limits or not, for closing would reset it; then accepts no more
  void close();            // idempotent
  net::Sockets release();  // to its successor, with what waits in the kernel's queues; accepts no more

  std::vector<int> descriptors() const;

  void leave();       // one of its connections has ended
  void look_again();  // there may be room now, or a connection that can be spared

  const Address& address() const { return sockets_.front().address(); }
  const ConnectionLimit& limit() const { return *own_; }

 private:
  bool admit(net::Listener& listener) noexcept override;
  void on_none(net::Listener& listener) noexcept override;
  void on_accept(net::Listener& listener, net::Socket socket, const Address& peer) noexcept override;
  ConnectionLimit* try_enter();
  void give_back();
  void pause(ConnectionLimit& full);
  void stop();

  struct Retry : async::Timer {
    explicit Retry(LimitedListener& of) : Timer(&Retry::fired), listener(of) {}
    static void fired(Timer& timer) noexcept { static_cast<Retry&>(timer).listener.look_again(); }
    LimitedListener& listener;
  };

  Owner& owner_;
  const std::string name_;
  ConnectionLimits& limits_;
  const std::shared_ptr<ConnectionLimit> own_;
  std::deque<net::Listener> sockets_;
  Retry retry_;
  Instant asked_{};  // when the other workers were last asked for room
  enum class State : std::uint8_t { idle, accepting, paused, finished } state_ = State::idle;
};

}  // namespace tandem::process
