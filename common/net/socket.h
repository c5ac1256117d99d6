// A socket: an owned, non-blocking descriptor with its place in this thread's reactor, and the system calls on it. No
// buffers, no waiting: that is Stream's (coroutines) and Relay's (callbacks). With a TLS session, which it owns,
// reading and writing go through that and mean the same.
#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/address.h"
#include "common/net/reactor.h"

namespace tandem::net {

// What one non-blocking call gave.
struct IoResult {
  enum class Status : std::uint8_t { ok, blocked, ended, failed };
  Status status = Status::ok;
  std::size_t bytes = 0;
  int error = 0;  // errno when failed

  bool ok() const { return status == Status::ok; }
  bool blocked() const { return status == Status::blocked; }
  bool ended() const { return status == Status::ended; }
  bool failed() const { return status == Status::failed; }
};

class TlsSession;

class Socket {
 public:
  Socket() noexcept;
  explicit Socket(int fd) noexcept;  // takes the descriptor over; it must be non-blocking
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Opens a socket (TCP_NODELAY) and begins to connect it. `in_progress`: EPOLLOUT will tell, then take_error().
  static Result<Socket> connecting(const Address& address, bool& in_progress);

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  WatchId watch_id() const { return watch_; }

  // Puts the socket into the reactor's set, or, if it is there, lets its events go to another target.
  Result<void> watch(EventTarget& target);

  // TLS from here on; `already_read`: of what comes in, before anything that is still in the socket. Whoever watches
  // the socket calls watch() again. stop_tls() goes on without: for a peer that does not speak it.
  void start_tls(std::unique_ptr<TlsSession> session, std::string_view already_read = {});
  void stop_tls();
  TlsSession* tls() const { return tls_.get(); }  // null: none

  IoResult read(std::span<char> into);
  IoResult write(std::span<const char> bytes, bool more_follows = false);
  IoResult write(std::span<const iovec> pieces, bool more_follows = false);

  // Like a read of one byte that leaves it where it is: tells the end, an error, or that nothing has come.
  IoResult peek();

  // The end of output. With TLS after its close_notify, which `cut_off` leaves out: what has been written is not all.
  void shutdown_write(bool cut_off = false);
  bool is_ending() const;     // close_notify, and the end with it, waits for room
  void keep_urgent_inline();  // an urgent byte stays in the stream (SO_OOBINLINE)
  void close();               // idempotent; says close_notify first where there is TLS
  void reset();               // closes so that the peer sees RST

  int take_error();  // SO_ERROR: 0 when connecting succeeded
  Address peer_address() const;
  Address local_address() const;

 private:
  int fd_ = -1;
  WatchId watch_ = kNoWatch;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace tandem::net
