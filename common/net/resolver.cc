#include "common/net/resolver.h"

// Newer versions would rather be called otherwise; Debian 12's knows only these.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "common/async/event.h"

namespace tandem::net {
namespace {

constexpr int kTimeout = 1000;  // milliseconds of the first try; the library doubles it for the next
constexpr int kTries = 2;       // of each server
constexpr int kTurn = 64;       // looks at a socket before the others have theirs

Error failed(std::string detail) { return {Origin::upstream, "dns_failed", false, std::move(detail)}; }

Result<DnsReply> read_answer(int status, std::span<const unsigned char> message, DnsType type) {
  if (status == ARES_ENOTFOUND) return fail(Origin::upstream, "dns_none", "the name does not exist (NXDOMAIN)");
  if (status == ARES_ENODATA) return fail(Origin::upstream, "dns_none", "the name has no such record");
  if (status != ARES_SUCCESS) {
    std::string why = ares_strerror(status);
    if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z' && why.size() > 1 && why[1] >= 'a') why[0] += 'a' - 'A';
    return std::unexpected(failed(std::move(why)));
  }
  auto reply = parse_dns_reply(message, type);
  if (!reply) return std::unexpected(failed("the answer is malformed"));
  if (reply->addresses.empty() && reply->services.empty()) {
    return fail(Origin::upstream, "dns_none", "the answer has no record that can be used");
  }
  return *std::move(reply);
}

std::string servers_text(const std::vector<IpEndpoint>& servers) {
  std::string text;
  for (const IpEndpoint& server : servers) text += (text.empty() ? "" : ",") + server.to_string();
  return text;
}

}  // namespace

// Held by the asking coroutine and, until it has called, by the library.
struct Resolver::Question {
  DnsType type;
  async::Event answered;
  std::optional<Result<DnsReply>> answer;
};

// A socket of the library's. The reactor tells edges, the library reads a TCP answer in steps: so it is called until
// the socket has nothing more.
class Resolver::Socket final : public EventTarget {
 public:
  Socket(Resolver& resolver, int fd) : resolver_(resolver), fd_(fd) {
    if (auto watch = Reactor::current().watch(fd, *this, Reactor::Trigger::edge)) watch_ = *watch;
  }
  ~Socket() { release(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void release() {
    if (watch_ != kNoWatch) Reactor::current().unwatch(std::exchange(watch_, kNoWatch));
  }
  void wants(bool reads, bool writes) {
    const bool more = writes && !writes_;
    reads_ = reads;
    writes_ = writes;
    if (more && watch_ != kNoWatch) Reactor::current().later(watch_, kWritable);  // its edge may have passed
  }

  void on_ready(std::uint8_t) noexcept override {
    for (int i = 0; i < kTurn; ++i) {
      if (watch_ == kNoWatch) return;  // the library has closed it meanwhile
      pollfd look{fd_, static_cast<short>((reads_ ? POLLIN : 0) | (writes_ ? POLLOUT : 0)), 0};
      if (poll(&look, 1, 0) <= 0) return;
      const bool broken = (look.revents & (POLLERR | POLLHUP)) != 0;
      const bool in = reads_ && (broken || (look.revents & POLLIN));
      const bool out = writes_ && (broken || (look.revents & POLLOUT));
      ares_process_fd(resolver_.channel_, in ? fd_ : ARES_SOCKET_BAD, out ? fd_ : ARES_SOCKET_BAD);
    }
    if (watch_ != kNoWatch) Reactor::current().later(watch_, kReadable | kWritable);
  }

 private:
  Resolver& resolver_;
  const int fd_;
  WatchId watch_ = kNoWatch;
  bool reads_ = false;
  bool writes_ = false;
};

Result<std::unique_ptr<Resolver>> Resolver::make(const std::vector<IpEndpoint>& servers) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  std::unique_ptr<Resolver> made(new Resolver());
  ares_options options{};
  options.timeout = kTimeout;
  options.tries = kTries;
  options.sock_state_cb_data = made.get();
  options.sock_state_cb = [](void* self, ares_socket_t fd, int reads, int writes) {
    static_cast<Resolver*>(self)->on_socket(fd, reads != 0, writes != 0);
  };
  int status = library;
  if (status == ARES_SUCCESS) {
    status = ares_init_options(&made->channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  }
  if (status == ARES_SUCCESS && !servers.empty()) {
    status = ares_set_servers_ports_csv(made->channel_, servers_text(servers).c_str());
  }
  if (status != ARES_SUCCESS) return std::unexpected(failed(ares_strerror(status)));
  return made;
}

Resolver::~Resolver() {
  if (channel_) ares_destroy(channel_);
}

void Resolver::on_socket(int fd, bool reads, bool writes) {
  auto& socket = sockets_[fd];
  if (!reads && !writes) {  // it is about to be closed, perhaps from within its own on_ready()
    if (socket) socket->release();
    Reactor::current().dispose(std::exchange(socket, nullptr));
    sockets_.erase(fd);
    return;
  }
  if (!socket) socket = std::make_unique<Socket>(*this, fd);
  socket->wants(reads, writes);
}

void Resolver::on_answer(void* question, int status, int, unsigned char* message, int size) {
  const std::unique_ptr<std::shared_ptr<Question>> held(static_cast<std::shared_ptr<Question>*>(question));
  Question& asked = **held;
  asked.answer = read_answer(status, {message, message ? static_cast<std::size_t>(size) : 0}, asked.type);
  asked.answered.set();
}

async::Task<Result<DnsReply>> Resolver::ask(std::string name, DnsType type, Instant deadline) {
  const auto question = std::make_shared<Question>(type);
  ares_search(channel_, name.c_str(), 1 /* class IN */, static_cast<int>(type), &Resolver::on_answer,
              new std::shared_ptr<Question>(question));
  while (!question->answer) {
    timeval room{};
    Instant look = deadline;
    if (const timeval* next = ares_timeout(channel_, nullptr, &room)) {
      const auto in = std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec);
      look = std::min(look, now() + std::max<Duration>(in, std::chrono::milliseconds(1)));
    }
    const auto waited = co_await question->answered.wait(look);
    if (question->answer) break;
    if (!waited && waited.error().reason != "timeout") co_return std::unexpected(waited.error());
    if (now() >= deadline) co_return std::unexpected(failed("no answer in time"));
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // only what is overdue
  }
  co_return *std::move(question->answer);
}

std::vector<IpAddress> Resolver::from_hosts_file(const std::string& name) {
  std::vector<IpAddress> found;
  for (const int family : {AF_INET, AF_INET6}) {
    hostent* host = nullptr;
    if (ares_gethostbyname_file(channel_, name.c_str(), family, &host) != ARES_SUCCESS) continue;
    for (char** address = host->h_addr_list; *address; ++address) {
      IpAddress ip;
      if (family == AF_INET) ip.bytes[10] = ip.bytes[11] = 0xff;
      const auto size = static_cast<std::size_t>(host->h_length);
      std::memcpy(ip.bytes.data() + ip.bytes.size() - size, *address, size);
      if (std::ranges::find(found, ip) == found.end()) found.push_back(ip);
    }
    ares_free_hostent(host);
  }
  return found;
}

}  // namespace tandem::net
