// The client of the layer-4 workloads: one thread, one epoll set, N connections. Prints one JSON object: units, bytes,
// errors, seconds and the latencies of the units in microseconds.
//
//   l4load pingpong PORT CONNECTIONS SECONDS [RATE]   64 bytes there and back, again and again on the same connections;
//                                                     RATE: units a second in all, latency from when a unit was due
//   l4load connect  PORT CONNECTIONS SECONDS          a new connection for every 64 bytes there and back
//   l4load bulk     PORT CONNECTIONS SECONDS          reads as much as comes; a unit is a byte
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMessage = 64;
constexpr std::size_t kPiece = 1024 * 1024;

enum class Mode : std::uint8_t { pingpong, connect, bulk };

struct Slot {
  int fd = -1;
  bool connected = false;
  std::size_t received = 0;
  Clock::time_point began;
};

class Load {
 public:
  Load(Mode mode, std::uint16_t port, std::size_t connections, double seconds, double rate)
      : mode_(mode), seconds_(seconds), rate_(rate), slots_(connections), set_(epoll_create1(0)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }

  void run() {
    const Clock::time_point begin = Clock::now();
    end_ = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
    for (std::size_t i = 0; i < slots_.size(); ++i) open(slots_[i]);
    std::vector<epoll_event> events(512);
    while (Clock::now() < end_ && errors_ < 1000) {
      const int count = epoll_wait(set_, events.data(), static_cast<int>(events.size()), until_next_due());
      for (int i = 0; i < count; ++i) serve(*static_cast<Slot*>(events[static_cast<std::size_t>(i)].data.ptr));
      send_due();
    }
    report(std::chrono::duration<double>(Clock::now() - begin).count());
  }

 private:
  void open(Slot& slot) {
    slot = Slot{.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .began = Clock::now()};
    const int on = 1;
    setsockopt(slot.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(slot.fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_) != 0 && errno != EINPROGRESS) {
      fail(slot);
      return;
    }
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &slot}};
    epoll_ctl(set_, EPOLL_CTL_ADD, slot.fd, &event);
  }

  void fail(Slot& slot) {
    ++errors_;
    close(slot.fd);
    slot.fd = -1;
  }

  void serve(Slot& slot) {
    if (slot.fd < 0) return;
    if (!slot.connected) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(slot.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return fail(slot);
      slot.connected = true;
      start(slot);
    }
    read(slot);
  }

  void start(Slot& slot) {
    if (rate_ > 0) {  // spread the connections over the first interval
      due_.emplace(Clock::now() + interval() * started_++ / static_cast<long>(slots_.size()), &slot);
    } else {
      if (mode_ == Mode::pingpong) slot.began = Clock::now();
      say(slot, mode_ == Mode::bulk ? 1 : kMessage);
    }
  }

  void say(Slot& slot, std::size_t size) {
    static const char message[kMessage] = {};
    if (send(slot.fd, message, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) fail(slot);
  }

  void read(Slot& slot) {
    while (slot.fd >= 0) {
      // MSG_TRUNC: the kernel throws the bytes away, so the reader costs little beside what is measured.
      const ssize_t got = recv(slot.fd, nullptr, kPiece, MSG_TRUNC);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return fail(slot);
      bytes_ += static_cast<std::uint64_t>(got);
      slot.received += static_cast<std::size_t>(got);
      if (mode_ != Mode::bulk && slot.received >= kMessage) {
        if (slot.received > kMessage) return fail(slot);
        return complete(slot);
      }
      if (mode_ == Mode::bulk && Clock::now() >= end_) return;
    }
  }

  void complete(Slot& slot) {
    const Clock::time_point now = Clock::now();
    latencies_.push_back(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - slot.began).count()));
    slot.received = 0;
    if (mode_ == Mode::connect) {
      close(slot.fd);
      open(slot);
    } else if (rate_ > 0) {
      due_.emplace(slot.began + interval(), &slot);
    } else {
      slot.began = now;
      say(slot, kMessage);
    }
  }

  Clock::duration interval() const {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(slots_.size()) / rate_));
  }

  int until_next_due() const {
    if (due_.empty()) return 100;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due_.top().first - Clock::now()).count();
    return static_cast<int>(
        std::clamp<long>(left, 0, 100));  // below a millisecond: a turn of its own, so that it is exact
  }

  void send_due() {
    while (!due_.empty() && due_.top().first <= Clock::now()) {
      Slot& slot = *due_.top().second;
      slot.began = due_.top().first;
      due_.pop();
      if (slot.fd >= 0) say(slot, kMessage);
    }
  }

  void report(double seconds) {
    std::ranges::sort(latencies_);
    const auto at = [this](double share) {
      return latencies_.empty()
                 ? 0U
                 : latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))];
    };
    const std::uint64_t units = mode_ == Mode::bulk ? bytes_ : latencies_.size();
    printf("{\"units\": %llu, \"bytes\": %llu, \"errors\": %llu, \"seconds\": %.4f, \"p50\": %u, \"p99\": %u}\n",
           static_cast<unsigned long long>(units), static_cast<unsigned long long>(bytes_),
           static_cast<unsigned long long>(errors_), seconds, at(0.5), at(0.99));
  }

  const Mode mode_;
  const double seconds_;
  const double rate_;
  sockaddr_in address_{};
  std::vector<Slot> slots_;
  const int set_;
  Clock::time_point end_;
  long started_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t errors_ = 0;
  std::vector<std::uint32_t> latencies_;
  std::priority_queue<std::pair<Clock::time_point, Slot*>, std::vector<std::pair<Clock::time_point, Slot*>>,
                      std::greater<>>
      due_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc >= 5 ? argv[1] : "";
  if (mode != "pingpong" && mode != "connect" && mode != "bulk") {
    fprintf(stderr, "usage: l4load pingpong|connect|bulk PORT CONNECTIONS SECONDS [RATE]\n");
    return 2;
  }
  Load load(mode == "pingpong"  ? Mode::pingpong
            : mode == "connect" ? Mode::connect
                                : Mode::bulk,
            static_cast<std::uint16_t>(atoi(argv[2])), static_cast<std::size_t>(atoi(argv[3])), atof(argv[4]),
            argc > 5 ? atof(argv[5]) : 0);
  load.run();
  return 0;
}
