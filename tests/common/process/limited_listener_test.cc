#include "common/process/limited_listener.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "common/process/worker_pool.h"

using namespace tandem;
using namespace tandem::process;

namespace {

struct Tally {
  std::atomic<int> accepted{0};
  std::atomic<std::uint32_t> kept{0};  // what is open now, counted here and not by what is under test
  std::atomic<std::uint32_t> most{0};
  std::atomic<bool> spares{false};  // workers end a connection that is in the way
};

// Keeps what it accepts until it is told to let go, or to make room.
class Keeper final : public WorkerProgram, private LimitedListener::Owner, private RoomMaker {
 public:
  Keeper(net::Sockets sockets, ConnectionLimits& limits, std::shared_ptr<ConnectionLimit> own, Tally& tally)
      : tally_(tally),
        listener_(std::move(sockets), static_cast<LimitedListener::Owner&>(*this), "kept", limits, std::move(own)),
        member_(limits.room_makers(), *this) {}

  void start_accepting() override { listener_.start(); }
  void begin_drain() override {
    if (!kept_.empty()) let_one_go();
  }
  void stop_accepting() override { listener_.finish(); }
  void hand_over(const std::vector<bool>&) override { listener_.close(); }
  std::vector<std::vector<int>> descriptors() const override { return {listener_.descriptors()}; }
  void close_all() override { listener_.close(); }
  std::size_t active() const override { return 0; }

 private:
  void on_accept(net::Socket socket, const Address&) noexcept override {
    kept_.push_back(std::move(socket));
    const std::uint32_t open = ++tally_.kept;
    std::uint32_t most = tally_.most;
    while (most < open && !tally_.most.compare_exchange_weak(most, open)) {
    }
    ++tally_.accepted;
  }
  bool make_room(const ConnectionLimit&) noexcept override {
    if (!tally_.spares || kept_.empty()) return false;
    let_one_go();
    return true;
  }
  void make_room_at(const ConnectionLimit* full) noexcept override {
    if (full == &listener_.limit() && listener_.limit().full()) make_room(*full);
  }
  void let_one_go() {
    kept_.pop_back();
    --tally_.kept;
    listener_.leave();
  }

  Tally& tally_;
  std::vector<net::Socket> kept_;
  LimitedListener listener_;
  const RoomMakers::Membership member_;
};

struct Bench {
  Bench(unsigned workers, std::uint32_t process_most, std::uint32_t own_most)
      : limits(process_most), own(limits.listener("kept", own_most)) {
    auto sockets = net::listen_on(*Address::parse("127.0.0.1:0"), workers);
    REQUIRE(sockets);
    port = sockets->front().local_address().endpoint().port;
    pool = std::make_unique<WorkerPool>(workers, [&](unsigned index) {
      net::Sockets its;
      its.push_back(std::move((*sockets)[index]));
      return std::make_unique<Keeper>(std::move(its), limits, own, tally);
    });
    pool->each(&WorkerProgram::start_accepting);
  }
  ~Bench() {
    pool.reset();
    for (const int fd : clients) ::close(fd);
  }
  void connect(int count) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (int i = 0; i < count; ++i) {
      clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      REQUIRE(::connect(clients.back(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
  }
  void until_accepted(int count) const {
    while (tally.accepted < count) std::this_thread::yield();
  }

  Tally tally;
  ConnectionLimits limits;
  std::shared_ptr<ConnectionLimit> own;
  std::uint16_t port = 0;
  std::unique_ptr<WorkerPool> pool;
  std::vector<int> clients;
};

constexpr std::uint32_t kNone = ~0U;

}  // namespace

TEST_CASE("limits: no worker accepts one too many, and everybody gets a turn") {
  for (const auto& [process_most, own_most] : {std::pair{kNone, 3U}, {3U, kNone}}) {
    Bench bench(4, process_most, own_most);
    bench.connect(40);
    bench.until_accepted(3);
    while (bench.tally.accepted < 40) bench.pool->each(&WorkerProgram::begin_drain), std::this_thread::yield();
    CHECK(bench.tally.most == 3);
  }
}

TEST_CASE("limits: a connection that can be spared makes room, also when it is another worker's") {
  Bench bench(4, kNone, 1);
  bench.tally.spares = true;
  bench.connect(20);
  bench.until_accepted(20);
  CHECK(bench.tally.most == 1);
  CHECK(bench.own->open() == 1);
}

TEST_CASE("limits: a listener's limit outlives a reload, with what is open") {
  Bench bench(1, kNone, 1);
  bench.connect(2);
  bench.until_accepted(1);
  const auto next = bench.limits.listener("kept", 2);
  CHECK(next == bench.own);
  bench.until_accepted(2);
  CHECK(next->open() == 2);
  CHECK(bench.limits.listener("other", 2)->open() == 0);
}

TEST_CASE("limits: a listener that finishes takes everybody who waits") {
  Bench bench(1, kNone, 1);
  bench.connect(5);
  bench.until_accepted(1);
  bench.pool->each(&WorkerProgram::stop_accepting);
  bench.until_accepted(5);
  bench.pool.reset();
  CHECK(bench.own->open() == 5);
}
