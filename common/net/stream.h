// A socket for coroutines: reads and writes that wait, with deadline and cancellation. Owned by one coroutine's object;
// one reader and one writer at a time. Lives on the thread of its reactor and never moves.
#pragma once
#include <memory>
#include <vector>

#include "common/async/event.h"
#include "common/async/task.h"
#include "common/net/pipe_pool.h"
#include "common/net/socket.h"

namespace tandem::net {

class Stream final : private EventTarget {
 public:
  // Takes over a connected socket. Reading waits for the first event unless `try_now`: worth one call when the peer
  // has probably sent already.
  explicit Stream(Socket socket, bool try_now = false);

  // Puts the socket into the reactor's set; to be called once, before anything that waits.
  Result<void> open();

  // Non-blocking. A short read means drained: the next one waits for an event, unless the peer's end has been seen.
  IoResult try_read(std::span<char> into);
  IoResult try_write(std::span<const char> bytes, bool more_follows = false);
  IoResult try_write(std::span<const iovec> pieces, bool more_follows = false);

  // The same without copying, for plain sockets: fills an empty pipe with at most `most` bytes; empties one as far as
  // the socket takes it.
  IoResult try_fill(Pipe& pipe, std::size_t most);
  IoResult try_drain(Pipe& pipe);

  // Waits until a read or write is worth trying again. co_await gives the outcome of Event::wait.
  async::Event::Wait readable(Instant deadline = kNoDeadline);
  async::Event::Wait writable(Instant deadline = kNoDeadline);
  // Like writable(), for a socket whose connecting has begun: only an event from now on counts.
  async::Event::Wait connected(Instant deadline);
  // TLS from here on (see Socket::start_tls); open() has been called. What is done by then is shaking hands: one step
  // of it, after which wants_write() of the session says for what to wait.
  void start_tls(std::unique_ptr<TlsSession> session, std::string_view already_read = {});
  void stop_tls();
  IoResult try_handshake();

  bool may_read() const { return may_read_; }
  bool may_write() const { return may_write_; }

  // Gives what one read gave, 0 at the end of input. Errors: "timeout", the scope's reason, "reset" (connection
  // errors; detail says which).
  async::Task<Result<std::size_t>> read_some(std::span<char> into, Instant deadline = kNoDeadline);
  // Writes everything. The bytes must stay valid until it ends; nothing is copied. The deadline is for the whole.
  async::Task<Result<void>> write_all(std::span<const char> bytes, Instant deadline = kNoDeadline);
  async::Task<Result<void>> write_all(std::vector<iovec> pieces, Instant deadline = kNoDeadline);

  // Cancels `scope` with `reason` as soon as the peer resets the connection, whatever is being waited for; null:
  // nothing.
  void cancel_on_reset(async::CancelScope* scope, Error reason = {});
  // While on, the peer's regular end cancels that scope too, unless bytes that nobody has read stand before it: they
  // may be all that it had to say, with an answer awaited. For waits that are not worth their while for nobody.
  void cancel_on_end(bool on);

  bool peer_closed() const {
    return peer_closed_;
  }  // the peer has sent its end (or reset); reading may still give bytes
  bool failed() const { return failed_; }  // the peer has reset, or both directions have ended

  void shutdown_write() { socket_.shutdown_write(); }
  // The end of output that the peer must not miss: returns when it is on its way, or at the deadline.
  async::Task<void> finish(Instant deadline);
  void close() { socket_.close(); }
  void reset() { socket_.reset(); }
  bool is_open() const { return socket_.is_open(); }
  Socket& socket() { return socket_; }
  const Socket& socket() const { return socket_; }
  // Still in the reactor's set: the next owner calls watch() before this object goes.
  Socket release() { return std::move(socket_); }

 private:
  void on_ready(std::uint8_t readiness) noexcept override;
  void wrote(const IoResult& result, std::size_t wanted);
  void tell_scope();
  bool at_end();

  Socket socket_;
  async::CancelScope* reset_scope_ = nullptr;
  Error reset_reason_;
  bool end_cancels_ = false;
  async::Event read_event_;
  async::Event write_event_;
  bool may_read_;
  bool may_write_ = true;
  bool peer_closed_ = false;
  bool failed_ = false;
};

// Connects within the deadline. The error's origin is upstream (reason "upstream_connect": refused, unreachable;
// "upstream_connect_timeout": the deadline) and retryable, or internal when the fault is ours (no descriptors, no local
// ports), or the scope's reason. The detail names the address.
async::Task<Result<std::unique_ptr<Stream>>> connect(Address address, Instant deadline);

}  // namespace tandem::net
