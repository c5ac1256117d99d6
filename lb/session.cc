#include "lb/session.h"

#include <algorithm>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "common/net/proxy_protocol.h"
#include "lb/listener.h"
#include "lb/open_connections.h"
#include "lb/proxy_header.h"

namespace tandem::lb {

Session::Session(Connection&& connection, Traffic& traffic, balance::Lease&& lease, net::Relay::Side client,
                 net::Relay::Side server)
    : traffic_(traffic),
      lease_(std::move(lease)),
      connection_(std::move(connection)),
      relay_(std::move(client), std::move(server),
             {traffic.listener().config().timeout.idle, traffic.listener().config().timeout.half_closed}, *this) {}

Session::~Session() {
  if (!link_) return;
  *link_ = next_;
  if (next_) next_->link_ = link_;
}

void Session::on_relay_end(net::Relay&, net::RelayEnd end) noexcept {
  blame(end);
  finish(end == net::RelayEnd::refused ? kHeaderRefused : net::to_string(end));
  SessionList::destroy(this);
}

// What the end says of the server. After its first byte a server may end as it likes.
void Session::blame(net::RelayEnd end) {
  if (relay_.first_byte_at() != Instant{}) return;
  const Instant at = async::Scheduler::current().now();
  if (end == net::RelayEnd::reset_by_server) lease_.failed(balance::FailureKind::reset, at);
  if (end == net::RelayEnd::server) lease_.closed_before_first_byte(relay_.bytes_to_server() > 0, false, at);
}

void Session::finish(std::string_view end) {
  Ending ending{.end = end, .bytes_in = relay_.bytes_to_server(), .bytes_out = relay_.bytes_to_client()};
  if (relay_.first_byte_at() != Instant{}) ending.first_byte = relay_.first_byte_at() - connection_.accepted;
  traffic_.listener().ended(connection_, traffic_, lease_.server(), ending);
}

void Session::on_closing(net::Relay&) noexcept {
  Listener& listener = traffic_.listener();
  if (listener.config().tcp_info) listener.closing(connection_, relay_.paths());
}

void Session::on_passed_on(net::Relay&, net::Toward toward, std::size_t bytes) noexcept {
  traffic_.passed_on(toward, bytes);
}

void Session::on_turnaround_started(net::Relay&, Instant at) noexcept { lease_.turnaround_started(at); }

void Session::on_turnaround(net::Relay&, Duration took) noexcept {
  lease_.turnaround(took, async::Scheduler::current().now());
}

bool Session::on_first_bytes(net::Relay&, std::span<const char> bytes) noexcept {
  Listener& listener = traffic_.listener();
  const auto wanted = traffic_.branch()->upstream.options().proxy_protocol;
  if (connection_.header_accepted || wanted != balance::ProxyProtocol::off) return true;
  if (!net::looks_like_proxy_header({bytes.data(), bytes.size()})) return true;
  warn_of_refusal(listener, connection_.client, kHeaderRefused,
                  "a PROXY header from a peer that is not in proxy_protocol_from");
  return false;
}

void Session::tell(OpenConnections& to) const {
  const Instant since = relay_.turnaround_since();
  const Duration waiting = since == Instant{} ? Duration::zero() : std::max(to.at() - since, Duration::zero());
  if (!to.wants(connection_.accepted, waiting)) return;
  OpenConnection told{.accepted = connection_.accepted,
                      .waiting = waiting,
                      .id = std::string(connection_.id.view()),
                      .client = connection_.client,
                      .listener = traffic_.listener().config().name,
                      .upstream = traffic_.branch()->upstream.name(),
                      .server = lease_.server().name(),
                      .phase = relay_.half_closed() ? "half_closed" : "open",
                      .attempts = connection_.attempts,
                      .connect = std::chrono::microseconds(connection_.connect_micros),
                      .first_byte = std::nullopt,
                      .bytes_in = relay_.bytes_to_server(),
                      .bytes_out = relay_.bytes_to_client(),
                      .paths = relay_.paths()};
  if (relay_.first_byte_at() != Instant{}) told.first_byte = relay_.first_byte_at() - connection_.accepted;
  to.add(told);
}

void SessionList::begin(std::unique_ptr<Session> session, const net::RelayPreface& preface) {
  session->traffic_.began();
  if (auto started = session->start(preface); !started) return session->finish("overloaded");
  add(session.release());
}

void SessionList::add(Session* session) {
  session->next_ = first_;
  session->link_ = &first_;
  if (first_) first_->link_ = &session->next_;
  first_ = session;
}

void SessionList::destroy(Session* session) { delete session; }

void SessionList::close_all(net::RelayEnd why) {
  for (Session* session = first_; session; session = session->next_) session->relay_.close(why);
}

void SessionList::close_to(const balance::Server& server) {
  for (Session* session = first_; session; session = session->next_) {
    if (&session->lease_.server() == &server) session->relay_.close(net::RelayEnd::server_down);
  }
}

void SessionList::tell(OpenConnections& to) const {
  for (const Session* session = first_; session && to.look(); session = session->next_) session->tell(to);
}

void SessionList::end_all() {
  while (Session* session = first_) {
    session->relay_.close(net::RelayEnd::drain);  // one that has ended already keeps its reason
    session->on_relay_end(session->relay_, session->relay_.end());
  }
}

}  // namespace tandem::lb
