// What the relay's tests share: blocking ends of connections, a worker thread, and a relay that runs between two pairs.
// Included by the relay's test files only; everything is inline or a class, so that each may have its own copy.
#pragma once
#include "common/net/relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "common/net/stream.h"

namespace tandem::net::test {

using namespace std::chrono_literals;

inline constexpr int kPatience = 20'000;  // milliseconds: never reached unless something hangs

// A test's end of a connection: blocking, so that a test reads like what it claims.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Peer() { close(); }
  int fd() const { return fd_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) error_ = errno;  // the kernel reports a reset once: to whoever asks first
      if (n <= 0) return;         // the reader's side of the test says what is missing
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Sends until nothing is taken any more; gives how much was.
  std::size_t send_until_full(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size() && wait_for(POLLOUT, 300)) {
      const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) sent += static_cast<std::size_t>(n);
    }
    return sent;
  }
  std::string read(std::size_t size) {
    std::string all;
    std::string buffer(std::min<std::size_t>(size, 1 << 16), 0);
    while (all.size() < size && wait_for(POLLIN, kPatience)) {
      const ssize_t n = ::recv(fd_, buffer.data(), std::min(buffer.size(), size - all.size()), 0);
      if (n < 0) error_ = errno;
      if (n <= 0) break;
      all.append(buffer, 0, static_cast<std::size_t>(n));
    }
    return all;
  }
  std::string read_all() { return read(std::string::npos / 2); }
  int error() const { return error_; }  // of the last call that failed: 0 after a clean end
  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  bool wait_for(short events, int milliseconds) {
    pollfd poll{fd_, events, 0};
    return ::poll(&poll, 1, milliseconds) > 0;
  }
  int fd_;
  std::atomic<int> error_ = 0;  // a test may send from one thread and read in another
};

struct Pair {
  Peer outer;
  int inner;
};

inline void set_buffers(int fd, int size) {
  if (size == 0) return;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

inline Pair tcp_pair(int buffers = 0) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set_buffers(listener, buffers);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const int outer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set_buffers(outer, buffers);
  REQUIRE(::connect(outer, reinterpret_cast<sockaddr*>(&address), length) == 0);
  const int inner = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  REQUIRE(inner >= 0);
  ::close(listener);
  const int on = 1;
  for (const int fd : {inner, outer}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {Peer(outer), inner};
}

inline Pair unix_pair() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  Pair pair{Peer(fds[0]), fds[1]};
  const int blocking = ::fcntl(fds[0], F_GETFL) & ~O_NONBLOCK;
  ::fcntl(fds[0], F_SETFL, blocking);
  return pair;
}

// A reactor on its own thread.
class Worker {
 public:
  Worker() {
    std::promise<Reactor*> ready;
    auto made = ready.get_future();
    thread_ = std::thread([ready = std::move(ready)]() mutable {
      Reactor reactor;
      ready.set_value(&reactor);
      reactor.run();
    });
    reactor_ = made.get();
  }
  ~Worker() {
    reactor_->stop();
    thread_.join();
  }
  // Runs on the worker's thread and waits for it.
  template <class F>
  auto run(F function) {
    std::packaged_task<std::invoke_result_t<F>()> task(std::move(function));
    auto done = task.get_future();
    reactor_->post(std::move(task));
    return done.get();
  }

 private:
  Reactor* reactor_ = nullptr;
  std::thread thread_;
};

// A relay between two connections whose other ends are the test's. Destroys the relay in the report of its end.
class Between final : public Relay::Owner {
 public:
  Between(Pair client_side, Pair server_side, RelayTimeouts timeouts = {kNever, kNever})
      : client(std::move(client_side.outer)), server(std::move(server_side.outer)) {
    relay_ = std::make_unique<Relay>(Relay::Side{Socket(client_side.inner)}, Relay::Side{Socket(server_side.inner)},
                                     timeouts, *this);
  }
  ~Between() {
    worker_.run([this] { relay_.reset(); });
  }
  Between& start(RelayPreface preface = {}) {
    worker_.run([this, preface] {
      started_ = relay_->start(preface).has_value();
      inline_reports_ = reports_;
    });
    CHECK(started_);
    CHECK(inline_reports_ == 0);
    return *this;
  }
  template <class F>
  auto with_relay(F function) {
    return worker_.run([this, function] { return function(*relay_); });
  }
  RelayEnd end() {
    auto result = end_.get_future();
    REQUIRE(result.wait_for(std::chrono::milliseconds(kPatience)) == std::future_status::ready);
    worker_.run([] {});  // whatever would come after the report has come
    CHECK(reports_ == 1);
    return result.get();
  }
  void destroy() {
    worker_.run([this] { relay_.reset(); });
  }
  int reports() {
    return worker_.run([this] { return reports_; });
  }
  int turnarounds() {
    return worker_.run([this] { return turnarounds_; });
  }
  int turnarounds_started() {
    return worker_.run([this] { return turnarounds_started_; });
  }
  std::uint64_t to_server = 0, to_client = 0;  // after the end

  Peer client;
  Peer server;
  std::string unwanted;  // refused as the client's first bytes; set before start()

 private:
  void on_relay_end(Relay& relay, RelayEnd end) noexcept override {
    to_server = relay.bytes_to_server();
    to_client = relay.bytes_to_client();
    if (reports_++ == 0) end_.set_value(end);
    relay_.reset();
  }
  void on_turnaround_started(Relay&, Instant) noexcept override { ++turnarounds_started_; }
  void on_turnaround(Relay&, Duration) noexcept override { ++turnarounds_; }
  bool on_first_bytes(Relay&, std::span<const char> bytes) noexcept override {
    return unwanted.empty() || std::string_view(bytes.data(), bytes.size()) != unwanted;
  }

  std::promise<RelayEnd> end_;
  int reports_ = 0;
  int inline_reports_ = 0;
  int turnarounds_ = 0;
  int turnarounds_started_ = 0;
  bool started_ = false;
  std::unique_ptr<Relay> relay_;
  Worker worker_;
};

inline std::string pattern(std::size_t size) {
  std::string bytes(size, 0);
  std::uint32_t state = 0x9e3779b9;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace tandem::net::test
