#include "common/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/net/socket_calls.h"
#include "common/net/tls_session.h"

namespace tandem::net {
namespace {

IoResult to_result(ssize_t bytes) {
  if (bytes >= 0) return {IoResult::Status::ok, static_cast<std::size_t>(bytes), 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::Status::blocked, 0, 0};
  return {IoResult::Status::failed, 0, errno};
}

// Pieces so short together are copied into one: for the kernel a list of them costs more than the copy.
constexpr std::size_t kWorthCopying = 2048;

std::size_t size_of(std::span<const iovec> pieces) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  return size;
}

ssize_t send_together(int fd, std::span<const iovec> pieces, int flags) {
  std::array<char, kWorthCopying> bytes;
  std::size_t size = 0;
  for (const iovec& piece : pieces) {
    std::memcpy(bytes.data() + size, piece.iov_base, piece.iov_len);
    size += piece.iov_len;
  }
  return send(fd, std::span<const char>(bytes).first(size), flags);
}

template <class Name>
Address name_of(int fd, Name name) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (name(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

// A record holds so much: pieces are put together to fill one, so that head and body are not two.
constexpr std::size_t kGather = 16 * 1024;

IoResult write_through(TlsSession& tls, std::span<const iovec> pieces, bool more_follows) {
  if (pieces.size() == 1) {
    return tls.write({static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len}, more_follows);
  }
  static thread_local std::array<char, kGather> gathered;
  IoResult all;
  std::size_t at = 0;  // in the first piece
  while (!pieces.empty()) {
    std::size_t size = 0;
    while (!pieces.empty() && size < kGather) {
      const std::size_t n = std::min(pieces[0].iov_len - at, kGather - size);
      std::memcpy(gathered.data() + size, static_cast<const char*>(pieces[0].iov_base) + at, n);
      size += n;
      at += n;
      if (at < pieces[0].iov_len) continue;
      pieces = pieces.subspan(1);
      at = 0;
    }
    const IoResult result = tls.write(std::span<const char>(gathered).first(size), more_follows || !pieces.empty());
    if (!result.ok()) return all.bytes > 0 && result.blocked() ? all : result;
    all.bytes += result.bytes;
    if (result.bytes < size) break;
  }
  return all;
}

}  // namespace

Socket::Socket() noexcept = default;
Socket::Socket(int fd) noexcept : fd_(fd) {}
Socket::~Socket() { close(); }

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), watch_(std::exchange(other.watch_, kNoWatch)), tls_(std::move(other.tls_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    watch_ = std::exchange(other.watch_, kNoWatch);
    tls_ = std::move(other.tls_);
  }
  return *this;
}

Result<Socket> Socket::connecting(const Address& address, bool& in_progress) {
  Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return fail_errno(Origin::internal, "overloaded", "socket", errno);
  if (!address.is_unix()) {
    const int on = 1;
    setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  in_progress = false;
  if (::connect(socket.fd_, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    if (errno != EINPROGRESS) {
      // Running out of local ports is our own trouble, not the server's.
      const bool ours = errno == EADDRNOTAVAIL || errno == ENOBUFS || errno == ENOMEM;
      return fail_errno(ours ? Origin::internal : Origin::upstream, ours ? "local_ports_exhausted" : "upstream_connect",
                        "connect to " + address.to_string(), errno, true);
    }
    in_progress = true;
  }
  return socket;
}

Result<void> Socket::watch(EventTarget& target) {
  Reactor& reactor = Reactor::current();
  EventTarget& first = tls_ ? tls_->watched_by(target) : target;
  if (watch_ != kNoWatch) {
    reactor.retarget(watch_, first);
  } else {
    const auto watch = reactor.watch(fd_, first, Reactor::Trigger::edge);
    if (!watch) return std::unexpected(watch.error());
    watch_ = *watch;
  }
  if (tls_) tls_->set_watch(watch_);
  return {};
}

void Socket::start_tls(std::unique_ptr<TlsSession> session, std::string_view already_read) {
  tls_ = std::move(session);
  tls_->attach(fd_, already_read);
}

void Socket::stop_tls() { tls_.reset(); }

IoResult Socket::read(std::span<char> into) {
  if (tls_) return tls_->read(into);
  IoResult result = to_result(receive(fd_, into));
  if (result.ok() && result.bytes == 0) result.status = IoResult::Status::ended;
  return result;
}

IoResult Socket::write(std::span<const char> bytes, bool more_follows) {
  if (tls_) return tls_->write(bytes, more_follows);
  const int flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
  return to_result(send(fd_, bytes, flags));
}

IoResult Socket::write(std::span<const iovec> pieces, bool more_follows) {
  if (tls_) return write_through(*tls_, pieces, more_follows);
  if (pieces.size() == 1) return write({static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len}, more_follows);
  const int flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
  if (size_of(pieces) <= kWorthCopying) {
    return to_result(send_together(fd_, pieces, flags));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return to_result(send(fd_, message, flags));
}

IoResult Socket::peek() {
  if (tls_) return tls_->peek();
  char first = 0;
  IoResult result = to_result(receive(fd_, {&first, 1}, MSG_PEEK | MSG_DONTWAIT));
  if (result.ok() && result.bytes == 0) result.status = IoResult::Status::ended;
  return result;
}

void Socket::shutdown_write(bool cut_off) {
  if (tls_ && !cut_off && !tls_->end_output()) return;  // it follows when there is room
  ::shutdown(fd_, SHUT_WR);
}

bool Socket::is_ending() const { return tls_ && tls_->is_ending(); }

void Socket::keep_urgent_inline() {
  const int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

void Socket::close() {
  if (fd_ < 0) return;
  if (tls_) (void)tls_->end_output();
  tls_.reset();
  if (watch_ != kNoWatch) Reactor::current().unwatch(std::exchange(watch_, kNoWatch));
  ::close(std::exchange(fd_, -1));
}

void Socket::reset() {
  if (fd_ < 0) return;
  tls_.reset();  // without close_notify: what the peer has is not all
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

int Socket::take_error() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

Address Socket::peer_address() const { return name_of(fd_, ::getpeername); }
Address Socket::local_address() const { return name_of(fd_, ::getsockname); }

}  // namespace tandem::net
