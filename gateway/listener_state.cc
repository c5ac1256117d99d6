#include "gateway/listener_state.h"

#include <algorithm>
#include <utility>

#include "common/async/scheduler.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/http/forwarding.h"
#include "common/net/tls_handshake.h"
#include "gateway/worker.h"

namespace tandem::gateway {

namespace {

// Two gateways in a row may have listeners of one name, and that is no loop; so the name has a mark of this process.
std::string pseudonym(std::string_view listener) {
  static const std::string mark = new_connection_id().substr(0, 6);
  const bool is_token =
      listener.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") ==
      std::string_view::npos;
  return std::string(is_token ? listener : "gateway") + "." + mark;
}

bool any_contains(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const IpPrefix& p) { return p.contains(address); });
}

}  // namespace

ListenerState::ListenerState(Worker& worker, const ListenerConfig& config, net::Sockets bound,
                             process::ConnectionLimits& limits, SharedListener shared)
    : port(bound.front().local_address().endpoint().port),
      via(pseudonym(config.name)),
      sources(std::move(shared.sources)),
      socket(std::move(bound), static_cast<process::LimitedListener::Owner&>(*this), config.name, limits,
             std::move(shared.limit)),
      worker_(worker),
      config_(std::make_unique<ListenerConfig>(config)),
      access_(std::move(shared.access)) {
  accepted_ = Counters::counter("gateway_connections_total", "Connections accepted", {{"listener", config.name}});
  refused_proxy_ = refused("proxy_header");
}

// Registering it again gives the same one.
Counter ListenerState::refused(const char* reason) const {
  return Counters::counter("gateway_connections_refused_total", "Connections closed before a request was read",
                           {{"listener", config_->name}, {"reason", reason}});
}

bool ListenerState::sends_proxy_header(const Address& peer) const {
  return !peer.is_unix() && any_contains(config_->proxy_protocol_from, peer.endpoint().ip);
}

bool ListenerState::may_ask_health(const IpAddress& peer) const { return any_contains(config_->health_from, peer); }

void ListenerState::count_proxy_refusal(const Error& error, const IpEndpoint& peer) {
  refused_proxy_.add();
  const auto more = proxy_refusals_.passed_over(async::Scheduler::current().now());
  if (!more) return;
  log_warn("listener \"{}\": connection from {} closed: {}: {}{}", config_->name, peer.to_string(), error.reason,
           error.detail, and_more(*more));
}

// By the name each time: the registry keeps the numbers, and a handshake costs a thousand times more.
void ListenerState::count_handshake(std::string_view result) const {
  Counters::counter("gateway_tls_handshakes_total", "Handshakes of TLS with clients, by how they ended",
                    {{"listener", config_->name}, {"result", std::string(result)}})
      .add();
}

void ListenerState::count_handshake(const Error& error, const IpEndpoint& peer) {
  if (error.origin != Origin::client) return;
  count_handshake(net::handshake_failure(error));
  const auto more = failed_handshakes_.passed_over(async::Scheduler::current().now());
  if (!more) return;
  log_info("listener \"{}\": no TLS with {}: {}{}", config_->name, peer.to_string(),
           error.detail.empty() ? error.reason : std::string_view(error.detail), and_more(*more));
}

std::optional<ListenerState::Admitted> ListenerState::admit(const IpEndpoint& client, bool proxied) {
  if (socket.address().is_unix() || http::is_trusted(client.ip, config_->trusted_proxies)) return Admitted{};
  if (!proxied && may_ask_health(client.ip)) return Admitted{};
  const auto refuse = [&](const char* reason, std::string_view why) {
    refused(reason).add();
    if (const auto more = refusals_.passed_over(async::Scheduler::current().now())) {
      log_warn("listener \"{}\": connection from {} closed: {} ({}){}", config_->name, client.to_string(), why, reason,
               and_more(*more));
    }
    return std::nullopt;
  };
  if (!allows(client.ip)) return refuse("forbidden", "allow_from and deny_from keep it out");
  const limit::SourceLimits& limits = config_->access.per_source;
  if (!limits.any()) return Admitted{};
  switch (sources->try_enter(client.ip, limits, async::Scheduler::current().now())) {
    case limit::Sources::Verdict::admitted: break;
    case limit::Sources::Verdict::too_many_connections:
      return refuse("too_many_connections", "its source has per_source.connections already");
    case limit::Sources::Verdict::rate_limited:
      return refuse("rate_limited", "its source connects faster than per_source.rate");
  }
  return Admitted{.counted = true};
}

void ListenerState::on_accept(net::Socket client, const Address& peer) noexcept {
  accepted_.add();
  std::optional<Admitted> admitted = Admitted{};
  if (!sends_proxy_header(peer)) admitted = admit(peer.endpoint(), false);
  if (!admitted) return socket.leave();
  worker_.entered();
  auto& connection = *connections.emplace_back(
      std::make_unique<Connection>(worker_, *this, std::move(client), peer, new_connection_id(), admitted->counted));
  connection.place = std::prev(connections.end());
  connection.start();
}

bool ListenerState::make_room(const process::ConnectionLimit& full) noexcept { return worker_.end_an_idle_one(full); }

}  // namespace tandem::gateway
