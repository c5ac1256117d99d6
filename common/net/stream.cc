#include "common/net/stream.h"

#include <tuple>
#include <utility>

#include "common/net/tls_session.h"

namespace tandem::net {

Stream::Stream(Socket socket, bool try_now) : socket_(std::move(socket)), may_read_(try_now) {}

Result<void> Stream::open() { return socket_.watch(*this); }

void Stream::on_ready(std::uint8_t readiness) noexcept {
  if (readiness & kPeerClosed) peer_closed_ = true;
  if (readiness & kError) {
    failed_ = true;
    tell_scope();
  }
  if (end_cancels_ && at_end()) tell_scope();
  if (readiness & kReadable) {
    may_read_ = true;
    read_event_.set();
  }
  if (readiness & kWritable) {
    may_write_ = true;
    write_event_.set();
  }
}

IoResult Stream::try_read(std::span<char> into) {
  const IoResult result = socket_.read(into);
  if (result.blocked() || (result.ok() && result.bytes < into.size() && !peer_closed_)) may_read_ = false;
  return result;
}

void Stream::cancel_on_reset(async::CancelScope* scope, Error reason) {
  reset_scope_ = scope;
  reset_reason_ = std::move(reason);
}

void Stream::cancel_on_end(bool on) {
  end_cancels_ = on;
  if (on && at_end()) tell_scope();
}

void Stream::tell_scope() {
  if (auto* scope = std::exchange(reset_scope_, nullptr)) scope->cancel(std::move(reset_reason_));
}

// The socket is asked, for an owner of it before this one may have been told. TLS has taken what it found off the
// socket by then, and no event tells of that any more.
bool Stream::at_end() {
  const IoResult next = socket_.peek();
  if (!next.blocked()) may_read_ = true;
  return next.ended();
}

void Stream::start_tls(std::unique_ptr<TlsSession> session, std::string_view already_read) {
  socket_.start_tls(std::move(session), already_read);
  std::ignore = socket_.watch(*this);  // it is in the set: this cannot fail
  may_read_ = true;
}

void Stream::stop_tls() {
  socket_.stop_tls();
  std::ignore = socket_.watch(*this);
}

IoResult Stream::try_handshake() {
  const IoResult result = socket_.tls()->handshake();
  if (result.blocked() && socket_.tls()->wants_write()) {
    may_write_ = false;
  } else if (result.blocked()) {
    may_read_ = peer_closed_;  // then the end is still to be read
  }
  if (result.ok()) may_read_ = true;  // what came behind the handshake may be in here already
  return result;
}

void Stream::wrote(const IoResult& result, std::size_t wanted) {
  if (result.blocked() || (result.ok() && result.bytes < wanted)) may_write_ = false;
}

IoResult Stream::try_write(std::span<const char> bytes, bool more_follows) {
  const IoResult result = socket_.write(bytes, more_follows);
  wrote(result, bytes.size());
  return result;
}

IoResult Stream::try_write(std::span<const iovec> pieces, bool more_follows) {
  std::size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  const IoResult result = socket_.write(pieces, more_follows);
  wrote(result, wanted);
  return result;
}

IoResult Stream::try_fill(Pipe& pipe, std::size_t most) {
  const IoResult result = pipe.fill_from(socket_.fd(), most);
  if (result.blocked()) may_read_ = false;
  return result;
}

IoResult Stream::try_drain(Pipe& pipe) {
  const IoResult result = pipe.drain_to(socket_.fd());
  if (pipe.bytes() > 0) may_write_ = false;
  return result;
}

async::Event::Wait Stream::readable(Instant deadline) {
  read_event_.reset();
  if (may_read_) read_event_.set();
  return read_event_.wait(deadline);
}

async::Event::Wait Stream::writable(Instant deadline) {
  write_event_.reset();
  if (may_write_) write_event_.set();
  return write_event_.wait(deadline);
}

async::Event::Wait Stream::connected(Instant deadline) {
  may_write_ = false;
  write_event_.reset();
  return write_event_.wait(deadline);
}

async::Task<Result<std::size_t>> Stream::read_some(std::span<char> into, Instant deadline) {
  while (true) {
    if (may_read_) {
      const IoResult result = try_read(into);
      if (result.ok()) co_return result.bytes;
      if (result.ended()) co_return std::size_t{0};
      if (result.failed()) co_return fail_errno(Origin::internal, "reset", "read", result.error);
    }
    if (auto waited = co_await readable(deadline); !waited) co_return std::unexpected(std::move(waited.error()));
  }
}

async::Task<Result<void>> Stream::write_all(std::span<const char> bytes, Instant deadline) {
  while (!bytes.empty()) {
    if (may_write_) {
      const IoResult result = try_write(bytes);
      if (result.failed()) co_return fail_errno(Origin::internal, "reset", "write", result.error);
      bytes = bytes.subspan(result.bytes);
      if (result.ok()) continue;
    }
    if (auto waited = co_await writable(deadline); !waited) co_return waited;
  }
  co_return Result<void>{};
}

async::Task<Result<void>> Stream::write_all(std::vector<iovec> pieces, Instant deadline) {
  std::span<iovec> left = pieces;
  while (!left.empty()) {
    if (may_write_) {
      const IoResult result = try_write(std::span<const iovec>(left));
      if (result.failed()) co_return fail_errno(Origin::internal, "reset", "write", result.error);
      std::size_t done = result.bytes;
      while (!left.empty() && done >= left.front().iov_len) {
        done -= left.front().iov_len;
        left = left.subspan(1);
      }
      if (!left.empty() && done > 0) {
        left.front().iov_base = static_cast<char*>(left.front().iov_base) + done;
        left.front().iov_len -= done;
      }
      if (result.ok()) continue;
    }
    if (auto waited = co_await writable(deadline); !waited) co_return waited;
  }
  co_return Result<void>{};
}

async::Task<void> Stream::finish(Instant deadline) {
  shutdown_write();
  while (socket_.tls() && socket_.tls()->is_ending()) {
    may_write_ = false;
    if (!co_await writable(deadline)) co_return;
  }
}

async::Task<Result<std::unique_ptr<Stream>>> connect(Address address, Instant deadline) {
  bool in_progress = false;
  auto socket = Socket::connecting(address, in_progress);
  if (!socket) co_return std::unexpected(std::move(socket.error()));
  auto stream = std::make_unique<Stream>(std::move(*socket));
  if (auto opened = stream->open(); !opened) co_return std::unexpected(std::move(opened.error()));
  if (in_progress) {
    if (auto waited = co_await stream->connected(deadline); !waited) {
      if (waited.error().reason != "timeout") co_return std::unexpected(std::move(waited.error()));
      co_return fail(Origin::upstream, "upstream_connect_timeout", "connect to " + address.to_string() + ": timed out",
                     true);
    }
    const int error = stream->failed() ? stream->socket().take_error() : 0;
    if (error != 0) {
      co_return fail_errno(Origin::upstream, "upstream_connect", "connect to " + address.to_string(), error, true);
    }
  }
  co_return stream;
}

}  // namespace tandem::net
