#include "common/http/connection_pool.h"

#include "common/async/scheduler.h"
#include "common/net/tls_context.h"
#include "common/net/tls_session.h"

namespace tandem::http {

struct ConnectionPool::Idle final : net::EventTarget, async::Timer {
  Idle(ConnectionPool& owner, std::unique_ptr<ClientConnection> kept)
      : Timer(&Idle::on_timer), pool(owner), connection(std::move(kept)) {}

  // Anything that happens on an idle connection ends it: the server's close, or bytes that nobody asked for. What TLS
  // has to say for itself (session tickets) does not.
  void on_ready(std::uint8_t readiness) noexcept override {
    if (!(readiness & (net::kReadable | net::kPeerClosed | net::kError))) return;
    net::Socket& socket = connection->stream().socket();
    if (socket.tls() && socket.peek().blocked()) return;
    pool.drop(*this);
  }
  static void on_timer(Timer& timer) noexcept {
    auto& idle = static_cast<Idle&>(timer);
    idle.pool.drop(idle);
  }

  ConnectionPool& pool;
  std::unique_ptr<ClientConnection> connection;
  std::list<Idle>::iterator place;
};

ConnectionPool::ConnectionPool(std::size_t most, Duration idle) : most_(most), idle_(idle) {}
ConnectionPool::~ConnectionPool() = default;

std::unique_ptr<ClientConnection> ConnectionPool::take() {
  if (idle_connections_.empty()) return nullptr;
  std::unique_ptr<ClientConnection> connection = std::move(idle_connections_.front().connection);
  idle_connections_.pop_front();
  if (!connection->stream().open()) return nullptr;  // its events are the stream's again
  connection->begin_request();
  return connection;
}

void ConnectionPool::give_back(std::unique_ptr<ClientConnection> connection) {
  if (most_ == 0 || !fits(*connection)) return;
  if (idle_connections_.size() >= most_) drop(idle_connections_.back());
  Idle& idle = idle_connections_.emplace_front(*this, std::move(connection));
  idle.place = idle_connections_.begin();
  if (!idle.connection->stream().socket().watch(idle)) return drop(idle);
  async::Scheduler& scheduler = async::Scheduler::current();
  scheduler.idles().arm(idle, deadline_after(scheduler.now(), idle_));
}

void ConnectionPool::drop(Idle& idle) { idle_connections_.erase(idle.place); }

bool ConnectionPool::fits(ClientConnection& connection) const {
  const net::TlsSession* session = connection.stream().socket().tls();
  return session ? tls_ && session->is_of(*tls_) : !tls_;
}

void ConnectionPool::configure(std::size_t most, Duration idle, std::shared_ptr<const net::TlsClientContext> tls) {
  most_ = most;
  idle_ = idle;
  tls_ = std::move(tls);
  idle_connections_.remove_if([this](Idle& one) { return !fits(*one.connection); });
  while (idle_connections_.size() > most_) idle_connections_.pop_back();
}

void ConnectionPool::close_all() { idle_connections_.clear(); }

}  // namespace tandem::http
