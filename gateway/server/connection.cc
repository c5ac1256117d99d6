#include "gateway/server/connection.h"

#include "common/async/scheduler.h"
#include "common/http/inbound.h"
#include "common/net/proxy_protocol.h"
#include "common/net/stream.h"
#include "common/net/tls_handshake.h"
#include "gateway/server/plain_http.h"
#include "gateway/server/serve_request.h"
#include "gateway/server/tunnel.h"
#include "gateway/worker.h"

namespace tandem::gateway {
namespace {

using namespace std::chrono_literals;
constexpr Duration kFarewell = 5s;  // for close_notify, when the client's socket is full

}  // namespace

Connection::Connection(Worker& worker, ListenerState& listener, net::Socket socket, const Address& peer, std::string id,
                       bool counted_at_source)
    : Timer(&Connection::on_idle),
      worker_(worker),
      listener_(listener),
      socket_(std::move(socket)),
      client_(peer.endpoint()),
      accepted_(async::Scheduler::current().now()),
      expects_proxy_header_(listener.sends_proxy_header(peer)),
      expects_tls_(listener.config().tls.has_value()),
      counted_at_source_(counted_at_source),
      id_(std::move(id)) {}

Connection::~Connection() {
  if (counted_at_source_) listener_.left(client_);
}

void Connection::become(std::unique_ptr<Tunnel> tunnel) { tunnel_ = std::move(tunnel); }

void Connection::end_tunnel(net::RelayEnd why) {
  if (tunnel_) tunnel_->end(why);
}

void Connection::start() { serve_now(); }

void Connection::serve_now() { worker_.tasks().spawn(serve()); }

void Connection::on_ready(std::uint8_t readiness) noexcept {
  if (!(readiness & (net::kReadable | net::kPeerClosed | net::kError))) return;
  disarm();
  idle_ = false;
  listener_.connections.splice(listener_.connections.end(), listener_.idle, place);
  serve_now();
}

void Connection::on_idle(Timer& timer) noexcept { static_cast<Connection&>(timer).close(); }

Instant Connection::ends_at() const { return deadline_after(accepted_, listener_.config().max_connection_age); }

void Connection::close() { worker_.forget(*this); }

void Connection::park(net::Socket socket) {
  socket_ = std::move(socket);
  if (!socket_.watch(*this)) return close();
  async::Scheduler& scheduler = async::Scheduler::current();
  scheduler.idles().arm(*this,
                        std::min(deadline_after(scheduler.now(), listener_.config().timeout.keepalive), ends_at()));
  idle_ = true;
  listener_.idle.splice(listener_.idle.end(), listener_.connections, place);
  listener_.socket.look_again();  // it can be spared, if somebody waits
}

async::Task<void> Connection::serve() {
  net::Stream stream(std::move(socket_), true);
  Then then = Then::close;
  if (stream.open()) then = co_await serve_requests(stream);
  if (then == Then::tunnel) co_return;
  if (then == Then::park && !worker_.stopping()) {
    park(stream.release());
  } else {
    if (tls_ && stream.is_open()) co_await stream.finish(deadline_after(async::Scheduler::current().now(), kFarewell));
    stream.close();
    close();
  }
}

async::Task<Connection::Then> Connection::serve_requests(net::Stream& stream) {
  http::Inbound inbound(stream);
  if (expects_proxy_header_ && !co_await accept_proxy_header(inbound)) co_return Then::close;
  if (expects_tls_ && !co_await begin_tls(stream, inbound)) co_return Then::close;
  while (true) {
    switch (co_await serve_request(*this, stream, inbound)) {
      case After::next: break;
      case After::close: co_return Then::close;
      case After::tunnel: co_return Then::tunnel;
    }
    if (!inbound.has_kept() && !stream.may_read()) co_return Then::park;
  }
}

// A peer that is listed must send a header, and it decides who the client is (threats 99 to 101).
async::Task<bool> Connection::accept_proxy_header(http::Inbound& inbound) {
  const Instant deadline = deadline_after(async::Scheduler::current().now(), listener_.config().timeout.header);
  while (true) {
    auto header = net::read_proxy_header(inbound.peek());
    if (!header) {
      listener_.count_proxy_refusal(header.error(), client_);
      co_return false;
    }
    if (*header) {
      inbound.consume((*header)->size);
      expects_proxy_header_ = false;
      proxied_ = (*header)->kind == net::ProxyHeader::Kind::proxied;
      if (proxied_ && !(*header)->source.is_unix()) client_ = (*header)->source.endpoint();
      if (!(*header)->unique_id.empty()) id_ = (*header)->unique_id;
      const auto admitted = listener_.admit(client_, proxied_);
      counted_at_source_ = admitted && admitted->counted;
      if (!admitted) co_return false;
      co_return true;
    }
    const auto got = co_await inbound.fetch(deadline);
    if (!got || *got == 0) {
      if (!inbound.peek().empty() || !got) {
        listener_.count_proxy_refusal(
            Error{Origin::client, "proxy_header_missing", false, "no whole PROXY header came"}, client_);
      }
      co_return false;
    }
  }
}

async::Task<bool> Connection::begin_tls(net::Stream& stream, http::Inbound& inbound) {
  const auto context = listener_.tls_context();
  if (!context) co_return false;  // a reload has made it a plain listener since it came
  const Instant deadline = deadline_after(async::Scheduler::current().now(), listener_.config().timeout.handshake);
  const std::string already_read(inbound.peek());
  inbound.drop_kept();
  const auto shaken = co_await net::accept_tls(stream, *context, already_read, deadline);
  expects_tls_ = false;
  if (shaken) {
    tls_ = std::make_unique<net::TlsFacts>(stream.socket().tls()->facts());
    listener_.count_handshake(tls_->resumed ? "resumed" : "new");
    co_return true;
  }
  listener_.count_handshake(shaken.error(), client_);
  if (shaken.error().reason == "tls_plain_http") co_await answer_plain_http(stream, id_);
  co_return false;
}

}  // namespace tandem::gateway
