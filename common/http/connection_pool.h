// Idle keep-alive connections to one server, on one worker: newest first, each closed after a limit of idleness, at
// once when the server closes it or sends anything unasked.
#pragma once
#include <list>
#include <memory>

#include "common/async/timer_wheel.h"
#include "common/http/client_connection.h"

namespace tandem::net {
class TlsClientContext;
}

namespace tandem::http {

class ConnectionPool {
 public:
  ConnectionPool(std::size_t most, Duration idle);  // of plain connections
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // The connection that was used last; null when there is none.
  std::unique_ptr<ClientConnection> take();

  // Keeps a connection that is reusable(); closes it when there are enough.
  void give_back(std::unique_ptr<ClientConnection> connection);

  // For what is given back from now on. Connections that were not made by `tls` (null: plain ones only), idle or still
  // to be given back, are closed.
  void configure(std::size_t most, Duration idle, std::shared_ptr<const net::TlsClientContext> tls);
  void close_all();
  std::size_t size() const { return idle_connections_.size(); }

 private:
  struct Idle;
  void drop(Idle& idle);
  bool fits(ClientConnection& connection) const;

  std::size_t most_;
  Duration idle_;
  std::shared_ptr<const net::TlsClientContext> tls_;
  std::list<Idle> idle_connections_;  // newest first
};

}  // namespace tandem::http
