#include "lb/listener.h"

#include <algorithm>

#include "common/async/scheduler.h"
#include "common/process/memory_guard.h"
#include "lb/end_kind.h"
#include "lb/proxy_header.h"
#include "lb/set_up.h"
#include "lb/worker.h"

namespace tandem::lb {
namespace {

bool is_any(const Address& address) {
  return !address.is_unix() &&
         (address.endpoint().ip == IpAddress{} || address.endpoint().ip == *IpAddress::parse("0.0.0.0"));
}

}  // namespace

Listener::Listener(Worker& worker, std::shared_ptr<Generation> generation, std::size_t index, net::Sockets sockets)
    : worker_(worker),
      generation_(std::move(generation)),
      shared_(generation_->listeners[index]),
      socket_(std::move(sockets), static_cast<process::LimitedListener::Owner&>(*this), shared_.config.name,
              generation_->limits, shared_.connections),
      bound_to_any_(is_any(socket_.address())) {}

bool Listener::expects_header(const IpEndpoint& peer) const {
  if (address().is_unix()) return false;
  return std::ranges::any_of(config().proxy_protocol_from,
                             [&](const IpPrefix& from) { return from.contains(peer.ip); });
}

Traffic& Listener::traffic_to(const Branch* branch, const balance::Server* server) {
  auto& traffic = traffic_[{branch, server}];
  if (!traffic) traffic = std::make_unique<Traffic>(*this, branch, server);
  return *traffic;
}

void Listener::on_accept(net::Socket socket, const Address& peer) noexcept {
  ++open_;
  worker_.entered();
  Connection connection;
  connection.accepted = async::Scheduler::current().now();
  if (!peer.is_unix()) connection.client = peer.endpoint();
  if (process::memory_is_short()) return ended(connection, shared_.otherwise, {.end = "overloaded"});
  if (!expects_header(connection.client)) {
    if (const auto admitted = admit(connection); !admitted) {
      return ended(connection, shared_.otherwise, {.end = admitted.error().reason});
    }
  }
  worker_.tasks().spawn(set_up(*this, std::move(socket), std::move(connection)));
}

Result<void> Listener::admit(Connection& connection) {
  if (address().is_unix()) return {};
  const auto refuse = [&](std::string_view end, std::string_view why) {
    warn_of_refusal(*this, connection.client, end, why);
    return fail(Origin::client, end);
  };
  const IpAddress& client = connection.client.ip;
  if (!shared_.access.allows(client)) return refuse("forbidden", "allow_from and deny_from keep it out");
  const limit::SourceLimits& limits = config().access.per_source;
  if (!limits.any()) return {};
  switch (shared_.sources->try_enter(client, limits, async::Scheduler::current().now())) {
    case limit::Sources::Verdict::admitted: break;
    case limit::Sources::Verdict::too_many_connections:
      return refuse("too_many_connections", "its source has per_source.connections already");
    case limit::Sources::Verdict::rate_limited:
      return refuse("rate_limited", "its source connects faster than per_source.rate");
  }
  connection.counted_at_source = true;
  return {};
}

void Listener::leave(const Connection& connection) {
  if (connection.counted_at_source) shared_.sources->leave(connection.client.ip);
  --open_;
  socket_.leave();
  worker_.left(*this);
}

// ---- the end of a connection

void Listener::ended(const Connection& connection, const Branch* branch, const Ending& ending) {
  traffic_to(branch, nullptr).count(ending.end);
  log(connection, branch, {}, ending);
  leave(connection);
}

void Listener::ended(const Connection& connection, Traffic& traffic, const balance::Server& server,
                     const Ending& ending) {
  traffic.ended();
  traffic.count(ending.end);
  log(connection, traffic.branch(), server.name(), ending);
  leave(connection);
}

std::optional<net::TcpPaths> Listener::take_paths(const Connection& connection) {
  const auto found = std::ranges::find(closing_, &connection, &std::pair<const Connection*, net::TcpPaths>::first);
  if (found == closing_.end()) return std::nullopt;
  const net::TcpPaths paths = found->second;
  *found = closing_.back();
  closing_.pop_back();
  return paths;
}

void Listener::log(const Connection& connection, const Branch* branch, std::string_view server, const Ending& ending) {
  const std::optional<net::TcpPaths> paths = take_paths(connection);
  AccessLog& log = worker_.access_log();
  const bool failed = kind_of_end(ending.end) == EndKind::error;
  if (log.is_off() && !failed) return;
  const Instant at = now();
  AccessRecord record{.time = wall_now(),
                      .id = connection.id.view(),
                      .listener = config().name,
                      .client = connection.client,
                      .upstream = branch ? std::string_view(branch->upstream.name()) : std::string_view(),
                      .server = server,
                      .attempts = connection.attempts,
                      .duration = at - connection.accepted,
                      .bytes_in = ending.bytes_in,
                      .bytes_out = ending.bytes_out,
                      .end = ending.end};
  if (!server.empty()) record.connect = std::chrono::microseconds(connection.connect_micros);
  record.first_byte = ending.first_byte;
  record.shows_paths = config().tcp_info;
  if (paths) record.paths = *paths;
  if (failed) worker_.failed().add(record, at);
  log.write(worker_.log_config(), record);
}

}  // namespace tandem::lb
