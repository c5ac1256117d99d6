// One client's connection. While nothing is asked it is this object alone, watched by the reactor; when bytes come, a
// coroutine with a stream, buffers and an exchange serves requests until the connection is idle again. Owned by its
// listener's state in its worker.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "common/async/task.h"
#include "common/async/timer_wheel.h"
#include "common/net/relay.h"
#include "common/net/socket.h"
#include "common/net/tls_facts.h"
#include "gateway/config.h"

namespace tandem::http {
class Inbound;
}
namespace tandem::net {
class Stream;
}

namespace tandem::gateway {

class Tunnel;
class Worker;
struct ListenerState;

class Connection final : private net::EventTarget, private async::Timer {
 public:
  Connection(Worker& worker, ListenerState& listener, net::Socket socket, const Address& peer, std::string id,
             bool counted_at_source);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();                 // begins to serve; the first bytes have probably come already
  void end_idle() { close(); }  // only while it waits for another request; destroys this
  bool is_idle() const { return idle_; }

  // Its bytes go through `tunnel` from here on, which has been started.
  void become(std::unique_ptr<Tunnel> tunnel);
  void end_tunnel(net::RelayEnd why);  // if there is one; destroys this
  void tunnel_ended() { close(); }     // destroys this

  const std::string& id() const { return id_; }
  const IpEndpoint& client() const { return client_; }
  bool proxied() const { return proxied_; }
  const net::TlsFacts* tls() const { return tls_.get(); }  // null: it came without
  ListenerState& listener() const { return listener_; }
  Worker& worker() const { return worker_; }
  std::uint32_t next_request() { return ++requests_; }
  std::uint32_t requests() const { return requests_; }
  Instant ends_at() const;  // no request is taken after it

  std::list<std::unique_ptr<Connection>>::iterator place;  // among its listener's

 private:
  void on_ready(std::uint8_t readiness) noexcept override;
  static void on_idle(Timer& timer) noexcept;
  void serve_now();
  void park(net::Socket socket);
  void close();  // destroys this

  // What serving a stretch of requests ends with.
  enum class Then : std::uint8_t { close, park, tunnel };
  async::Task<void> serve();
  async::Task<Then> serve_requests(net::Stream& stream);
  async::Task<bool> accept_proxy_header(http::Inbound& inbound);
  async::Task<bool> begin_tls(net::Stream& stream, http::Inbound& inbound);

  Worker& worker_;
  ListenerState& listener_;
  net::Socket socket_;  // while parked
  IpEndpoint client_;   // the peer, or what its PROXY header announced
  const Instant accepted_;
  std::uint32_t requests_ = 0;
  bool idle_ = false;  // parked
  bool expects_proxy_header_ = false;
  bool expects_tls_ = false;  // the handshake is still to come
  bool proxied_ = false;      // a PROXY header named a client
  bool counted_at_source_;    // for per_source
  std::unique_ptr<const net::TlsFacts> tls_;
  std::string id_;
  std::unique_ptr<Tunnel> tunnel_;
};

}  // namespace tandem::gateway
