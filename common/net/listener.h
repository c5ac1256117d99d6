// Listening sockets. The set of an address is made once, one socket a worker (SO_REUSEPORT), and never shrinks while
// the address is in use: closing one of a set would reset what waits in its queue. A unix socket, or one that a service
// manager made, is one description that the workers share. A Listener accepts from one of them on its worker's thread.
#pragma once
#include <vector>

#include "common/async/timer_wheel.h"
#include "common/net/socket.h"

namespace tandem::net {

// Listening sockets of one address.
using Sockets = std::vector<Socket>;

// Binds and listens: `count` sockets for an IP address, one for a unix path (given `count` times as duplicates). Port 0
// takes a free port, the same for all. Errors say which address and why ("address already in use").
Result<Sockets> listen_on(const Address& address, unsigned count);

// `count` more for the set that `one` belongs to. They are bound only and get nobody until a Listener starts with them:
// should that never come, nobody is lost.
Result<Sockets> join_set_of(const Socket& one, unsigned count);

// The workers accept from this very description instead of one each.
bool is_shared(int listening);
Socket duplicate(const Socket& socket);

// A descriptor that this process was started with, with everything set that listen_on() sets. An error, and closed,
// when it is no listening stream socket of IP or unix.
Result<Socket> take_over_listening(Socket socket);
// As a configuration writes it: ":80" for all addresses of IPv6 and IPv4.
Address listening_address(const Socket& listening);

class Listener final : private EventTarget {
 public:
  class Owner {
   public:
    // Before each accept. False leaves who waits in the kernel's queue: to be told again, the owner pauses if there is
    // anybody. True is followed by on_accept(), or by on_none() when nobody came.
    virtual bool admit(Listener& listener) noexcept {
      (void)listener;
      return true;
    }
    virtual void on_none(Listener& listener) noexcept { (void)listener; }
    // A connection; not yet in the reactor's set. Called at most 16 times a turn.
    virtual void on_accept(Listener& listener, Socket socket, const Address& peer) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  Listener(Socket socket, Owner& owner);
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Result<void> start();  // accepts from now on
  void pause();          // leaves what waits in the kernel's queue; start() goes on
  void finish();         // takes what still waits in the kernel's queue, then closes
  void close();          // idempotent
  Socket release();      // stops accepting and gives the socket with what waits in its queue, to another Listener

  int descriptor() const { return socket_.fd(); }
  bool has_waiting() const;                            // somebody in the kernel's queue
  const Address& address() const { return address_; }  // with the port that was really bound

 private:
  void on_ready(std::uint8_t readiness) noexcept override;
  bool accept_one();  // false: nobody waits, or nobody can be taken now
  void out_of_descriptors(int error);

  struct Retry : async::Timer {
    explicit Retry(Listener& owner) : Timer(&Retry::fired), listener(owner) {}
    static void fired(Timer& timer) noexcept;
    Listener& listener;
  };

  Socket socket_;
  Owner& owner_;
  Address address_;
  const Reactor::Trigger trigger_;
  WatchId watch_ = kNoWatch;
  Retry retry_;
};

}  // namespace tandem::net
