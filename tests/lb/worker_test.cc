#include "lb/worker.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "lb/traffic.h"

using namespace tandem;
using namespace tandem::lb;
using namespace std::chrono_literals;

namespace {

constexpr int kPatience = 20'000;  // milliseconds: never reached unless something hangs

// A blocking end of a connection.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Peer& operator=(Peer&&) = delete;
  ~Peer() { close(); }

  static Peer connect(std::uint16_t port) {
    Peer peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(::connect(peer.fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return peer;
  }
  void send(std::string_view bytes) const { CHECK(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0); }
  std::string read(std::size_t size) const {
    std::string all;
    char buffer[256];
    while (all.size() < size && readable()) {
      const ssize_t n = ::recv(fd_, buffer, std::min(sizeof buffer, size - all.size()), 0);
      if (n <= 0) break;
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  bool ended() const { return read(1).empty(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  bool readable(int milliseconds = kPatience) const {
    pollfd poll{fd_, POLLIN, 0};
    return ::poll(&poll, 1, milliseconds) > 0;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// A server whose connections the test takes one by one.
class TestServer {
 public:
  TestServer() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(listening_.fd(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(listening_.fd(), 64) == 0);
    REQUIRE(::getsockname(listening_.fd(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  Address address() const { return *Address::parse("127.0.0.1:" + std::to_string(port_)); }
  Peer accept() const {
    REQUIRE(listening_.readable());
    return Peer(::accept4(listening_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  bool has_visitor() const { return listening_.readable(0); }

 private:
  Peer listening_;
  std::uint16_t port_ = 0;
};

LbConfig config_before(const std::vector<const TestServer*>& origins, const std::string& name) {
  LbConfig config;
  balance::UpstreamOptions& upstream = config.upstreams.emplace_back();
  upstream.name = name;
  upstream.health.check = balance::CheckKind::off;
  for (const TestServer* origin : origins) {
    balance::ServerOptions& server = upstream.servers.emplace_back();
    server.address = origin->address();
    server.name = server.address.to_string();
  }
  ListenerConfig& listener = config.listeners.emplace_back();
  listener.name = name;
  listener.listen = *Address::parse("127.0.0.1:0");
  listener.upstream = 0;
  return config;
}

// One worker in front of origins, on its own thread.
class Lb {
 public:
  explicit Lb(LbConfig config, std::uint32_t most = config::kUnlimited, const std::string& log = "off")
      : sink_(observe::LogSink::Options{}),
        lasting_(most),
        generation_(std::make_shared<Generation>(std::make_shared<const LbConfig>(std::move(config)), registry_,
                                                 lasting_, most)) {
    REQUIRE(sink_.redirect(log));
    auto sockets = net::listen_on(generation_->config.listeners[0].listen, 1);
    REQUIRE(sockets);
    port_ = sockets->front().local_address().endpoint().port;
    std::vector<net::Sockets> by_listener;
    by_listener.push_back(std::move(*sockets));
    pool_.emplace(1, [&](unsigned) { return std::make_unique<Worker>(generation_, std::move(by_listener), sink_); });
    pool_->each(&process::WorkerProgram::start_accepting);
  }
  Peer connect() const { return Peer::connect(port_); }
  process::WorkerPool& pool() { return *pool_; }
  Generation& generation() { return *generation_; }
  // Runs on the worker's thread and waits for it.
  void run(const std::function<void(Worker&)>& function) {
    std::promise<void> done;
    pool_->post_each([&](process::WorkerProgram& program) {
      function(static_cast<Worker&>(program));
      done.set_value();
    });
    done.get_future().get();
  }
  void end() {
    pool_.reset();
    CHECK(sink_.flush(10s));
  }

 private:
  balance::Registry registry_;
  observe::LogSink sink_;
  Lasting lasting_;
  std::shared_ptr<Generation> generation_;
  std::uint16_t port_ = 0;
  std::optional<process::WorkerPool> pool_;
};

std::uint64_t counted(const std::string& listener, std::string_view result) {
  std::uint64_t sum = 0;
  for (const auto& member : Counters::members("lb_connections_total")) {
    const bool same = std::ranges::count(member.labels, std::pair<std::string, std::string>("listener", listener)) &&
                      std::ranges::count(member.labels, std::pair<std::string, std::string>("result", result));
    if (same) sum += member.counter.value();
  }
  return sum;
}

// What exceeds the limit waits in the kernel's queue, and comes when there is room.
void waits_for_room(Lb& lb, const TestServer& origin) {
  Peer first = lb.connect();
  first.send("1");
  Peer first_served = origin.accept();
  CHECK(first_served.read(1) == "1");
  Peer second = lb.connect();
  second.send("2");
  for (int turn = 0; turn < 5; ++turn) {
    first.send("x");
    CHECK(first_served.read(1) == "x");
  }
  CHECK(lb.pool().active() == 1);
  CHECK_FALSE(origin.has_visitor());
  first.close();
  first_served.close();
  CHECK(origin.accept().read(1) == "2");
}

}  // namespace

TEST_CASE("lb: what exceeds a listener's max_connections waits until another has left") {
  const TestServer origin;
  LbConfig config = config_before({&origin}, "listener_limit");
  config.listeners[0].max_connections = 1;
  Lb lb(std::move(config));
  waits_for_room(lb, origin);
}

TEST_CASE("lb: the process's limit holds over its listeners") {
  const TestServer origin;
  Lb lb(config_before({&origin}, "process_limit"), 1);
  waits_for_room(lb, origin);
}

TEST_CASE("lb: connections to a server that went down are closed, the others stay") {
  const TestServer a;
  const TestServer b;
  Lb lb(config_before({&a, &b}, "on_down"));
  Peer to_a = lb.connect();
  const Peer at_a = a.accept();
  Peer to_b = lb.connect();
  const Peer at_b = b.accept();
  lb.run([&](Worker& worker) { worker.close_connections_to(*lb.generation().upstreams[0]->servers()[0]); });
  CHECK(to_a.ended());
  CHECK(at_a.ended());
  to_b.send("still here");
  CHECK(at_b.read(10) == "still here");
}

TEST_CASE(
    "lb: a PROXY header from a peer that is not listed ends the connection, counted and without a byte passed on") {
  const TestServer origin;
  Lb lb(config_before({&origin}, "forged"));
  const Peer client = lb.connect();
  client.send("PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n");
  CHECK(client.ended());
  CHECK(origin.accept().ended());
  lb.end();
  CHECK(counted("forged", "proxy_header_refused") == 1);
}

TEST_CASE("lb: what is open when the thread ends is counted and logged once") {
  const std::string log = "/tmp/lb-worker-test-" + std::to_string(::getpid());
  const TestServer origin;
  LbConfig config = config_before({&origin}, "cut");
  config.listeners[0].proxy_protocol_from = {*IpPrefix::parse("127.0.0.0/8")};
  Lb lb(std::move(config), config::kUnlimited, log);
  const Peer served = lb.connect();
  served.send("PROXY UNKNOWN\r\npayload");
  const Peer at_origin = origin.accept();
  CHECK(at_origin.read(7) == "payload");
  const Peer awaited = lb.connect();  // its header never comes
  while (lb.pool().active() < 2) std::this_thread::yield();
  lb.end();
  CHECK(served.ended());
  CHECK(awaited.ended());
  CHECK(counted("cut", "drain") == 2);
  std::ifstream file(log);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) CHECK(line.find("\"end\":\"drain\"") != std::string::npos);
  CHECK(lines == 2);
  ::unlink(log.c_str());
}

TEST_CASE("lb: an idle connection is small") { CHECK(sizeof(Session) <= 312); }

TEST_CASE("connection id: an announced one is taken when it is plain text") {
  ConnectionId id;
  const std::string own(id.view());
  CHECK(own.size() == 13);
  for (const std::string_view bad : {"", "with space", "new\nline", "caf\xc3\xa9"}) {
    id.announced(bad);
    CHECK(id.view() == own);
  }
  id.announced("front-1:77");
  CHECK(id.view() == "front-1:77");
}
