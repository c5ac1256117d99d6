#include "common/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"

namespace tandem::net {
namespace {

using namespace std::chrono_literals;
constexpr int kBacklog = 4096;
// Each is set up at once and costs memory until it has its server, so that a burst is taken in pieces.
constexpr int kAcceptsPerTurn = 16;
constexpr Duration kRetryAfter = 100ms;  // without descriptors: look again so often, and never spin

std::unexpected<Error> cannot_listen(const Address& address, int error) {
  return fail_errno(Origin::internal, "cannot_listen", "cannot listen on " + address.to_string(), error);
}

// A path left behind by a process that ended is taken over; one that somebody listens on is not.
void remove_stale_path(const Address& address) {
  struct stat status{};
  if (stat(address.path().c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));  // its queue may be full
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  if (::connect(probe.fd(), reinterpret_cast<sockaddr*>(&storage), length) != 0 && errno == ECONNREFUSED) {
    unlink(address.path().c_str());
  }
}

void allow_ipv4_too(const Socket& socket, const Address& address) {
  const int off = 0;
  if (address.is_any()) setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
}

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(socket, level, name, &value, &length) == 0 ? value : 0;
}

void set_no_delay(const Socket& socket) {  // accepted sockets inherit it
  const int on = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<Socket> bind_only(const Address& address) {
  Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return cannot_listen(address, errno);
  const int on = 1;
  if (address.is_unix()) {
    remove_stale_path(address);
  } else {
    setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    set_no_delay(socket);
    allow_ipv4_too(socket, address);
  }
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  if (::bind(socket.fd(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return cannot_listen(address, errno);
  return socket;
}

Result<Socket> bind_one(const Address& address) {
  auto socket = bind_only(address);
  if (socket && ::listen(socket->fd(), kBacklog) != 0) return cannot_listen(address, errno);
  return socket;
}

// SO_REUSEPORT would let a second process of the same user share our address and take half of our connections without
// a word, so the address is first tried without it.
Result<void> refuse_taken(const Address& address) {
  if (address.is_unix() || address.endpoint().port == 0) return {};
  const Socket probe(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  allow_ipv4_too(probe, address);
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  if (::bind(probe.fd(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return cannot_listen(address, errno);
  return {};
}

}  // namespace

Result<Sockets> listen_on(const Address& address, unsigned count) {
  if (auto free = refuse_taken(address); !free) return std::unexpected(std::move(free.error()));
  Sockets sockets;
  Address bound = address;
  for (unsigned i = 0; i < count; ++i) {
    if (i > 0 && address.is_unix()) {
      sockets.push_back(duplicate(sockets.front()));
      continue;
    }
    auto socket = bind_one(bound);
    if (!socket) return std::unexpected(std::move(socket.error()));
    if (i == 0 && !address.is_unix() && address.endpoint().port == 0) {
      bound = bound.with_port(socket->local_address().endpoint().port);
    }
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

Result<Sockets> join_set_of(const Socket& one, unsigned count) {
  const Address address = listening_address(one);
  Sockets sockets;
  while (sockets.size() < count) {
    auto socket = bind_only(address);
    if (!socket) return std::unexpected(std::move(socket.error()));
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

bool is_shared(int listening) {
  return option(listening, SOL_SOCKET, SO_DOMAIN) == AF_UNIX || option(listening, SOL_SOCKET, SO_REUSEPORT) == 0;
}

Socket duplicate(const Socket& socket) { return Socket(fcntl(socket.fd(), F_DUPFD_CLOEXEC, 0)); }

Result<Socket> take_over_listening(Socket socket) {
  const int family = option(socket.fd(), SOL_SOCKET, SO_DOMAIN);
  const bool known = family == AF_INET || family == AF_INET6 || family == AF_UNIX;
  if (!known || option(socket.fd(), SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
      option(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN) == 0) {
    return fail(Origin::internal, "not_listening", "it is no listening socket");
  }
  fcntl(socket.fd(), F_SETFD, FD_CLOEXEC);
  fcntl(socket.fd(), F_SETFL, fcntl(socket.fd(), F_GETFL) | O_NONBLOCK);
  if (family != AF_UNIX) set_no_delay(socket);
  return socket;
}

Address listening_address(const Socket& listening) {
  Address address = listening.local_address();
  const bool all = !address.is_unix() && address.endpoint().ip == IpAddress{};
  if (!all || option(listening.fd(), IPPROTO_IPV6, IPV6_V6ONLY) != 0) return address;
  return *Address::parse(":" + std::to_string(address.endpoint().port));
}

Listener::Listener(Socket socket, Owner& owner)
    : socket_(std::move(socket)),
      owner_(owner),
      address_(socket_.local_address()),
      trigger_(is_shared(socket_.fd()) ? Reactor::Trigger::shared : Reactor::Trigger::level),
      retry_(*this) {}

Result<void> Listener::start() {
  retry_.disarm();
  if (watch_ != kNoWatch) return {};
  if (option(socket_.fd(), SOL_SOCKET, SO_ACCEPTCONN) == 0 && ::listen(socket_.fd(), kBacklog) != 0) {
    return cannot_listen(address_, errno);
  }
  auto watch = Reactor::current().watch(socket_.fd(), *this, trigger_);
  if (!watch) return std::unexpected(std::move(watch.error()));
  watch_ = *watch;
  return {};
}

void Listener::pause() {
  retry_.disarm();
  if (watch_ != kNoWatch) Reactor::current().remove(socket_.fd(), std::exchange(watch_, kNoWatch));
}

void Listener::close() {
  if (!socket_.is_open()) return;
  pause();
  socket_.close();
}

Socket Listener::release() {
  pause();
  return std::move(socket_);
}

void Listener::finish() {
  while (socket_.is_open() && accept_one()) {
  }
  close();
}

void Listener::on_ready(std::uint8_t) noexcept {
  for (int i = 0; i < kAcceptsPerTurn && watch_ != kNoWatch && accept_one(); ++i) {
  }
}

bool Listener::has_waiting() const {
  pollfd poll{socket_.fd(), POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

bool Listener::accept_one() {
  if (!owner_.admit(*this)) return false;
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  const int fd = accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    owner_.on_accept(*this, Socket(fd), Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length));
    return true;
  }
  const int error = errno;
  owner_.on_none(*this);
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) out_of_descriptors(error);
  return error == ECONNABORTED || error == EINTR || error == EPROTO;  // that one is gone; others wait
}

// Clients wait in the kernel's queue until descriptors are free again.
void Listener::out_of_descriptors(int error) {
  static std::atomic<std::int64_t> last_said{0};
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now().time_since_epoch()).count();
  if (last_said.exchange(second) != second) {
    log_warn("accepting on {} pauses: {}; raise the limit of open files (ulimit -n) or lower max_connections",
             address_.to_string(), errno_text(error));
  }
  if (watch_ == kNoWatch) return;  // it is finishing
  pause();
  async::Scheduler& scheduler = async::Scheduler::current();
  scheduler.deadlines().arm(retry_, scheduler.now() + kRetryAfter);
}

void Listener::Retry::fired(Timer& timer) noexcept {
  Listener& listener = static_cast<Retry&>(timer).listener;
  if (!listener.start()) {
    async::Scheduler& scheduler = async::Scheduler::current();
    scheduler.deadlines().arm(timer, scheduler.now() + kRetryAfter);
  }
}

}  // namespace tandem::net
