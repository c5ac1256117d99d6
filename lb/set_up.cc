#include "lb/set_up.h"

#include <optional>
#include <vector>

#include "common/async/scheduler.h"
#include "common/balance/connect.h"
#include "common/balance/queue.h"
#include "common/balance/source_hash.h"
#include "lb/arrival.h"
#include "lb/client_tls.h"
#include "lb/passthrough.h"
#include "lb/proxy_header.h"
#include "lb/worker.h"

namespace tandem::lb {
namespace {

// The handshake's time is for the header, the ClientHello and TLS together.
Instant handshake_deadline(const Listener& listener, const Arrival& arrival) {
  return deadline_after(arrival.connection.accepted, listener.config().timeout.handshake);
}

struct Reached {
  balance::Lease lease;
  std::unique_ptr<net::Stream> server;
};

async::Task<Result<void>> take_header(Listener& listener, Arrival& arrival) {
  arrival.enter(Phase::proxy_header);
  if (auto opened = arrival.watch(); !opened) co_return opened;
  auto received = co_await receive_proxy_header(*arrival.watched, handshake_deadline(listener, arrival));
  if (!received) {
    const Error& error = received.error();
    if (error.origin == Origin::client) {
      warn_of_refusal(listener, arrival.connection.client, error.reason,
                      error.detail.empty() ? "no good PROXY header" : std::string_view(error.detail));
    }
    co_return std::unexpected(std::move(received.error()));
  }
  arrival.connection.header_accepted = true;
  net::ProxyHeader& header = received->header;
  if (header.kind == net::ProxyHeader::Kind::proxied && !header.source.is_unix()) {
    arrival.connection.client = header.source.endpoint();
    arrival.destination = header.destination;
  }
  if (header.kind == net::ProxyHeader::Kind::proxied) {
    arrival.connection.id.announced(header.unique_id);
    arrival.facts = {std::move(header.authority), std::move(header.alpn), std::move(header.tls)};
  }
  arrival.payload = std::move(received->payload);
  co_return Result<void>{};
}

// For a listener with matches: where the connection goes is what its ClientHello asks for.
async::Task<Result<void>> choose_branch(Listener& listener, Arrival& arrival) {
  arrival.enter(Phase::client_hello);
  if (auto opened = arrival.watch(); !opened) co_return opened;
  auto chosen = co_await choose_by_client_hello(listener, arrival.connection.client, *arrival.watched, arrival.payload,
                                                handshake_deadline(listener, arrival));
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));
  arrival.branch = chosen->branch;
  arrival.learn(std::move(chosen->facts));
  co_return Result<void>{};
}

// For a listener that ends TLS.
async::Task<Result<void>> end_tls(Listener& listener, Arrival& arrival) {
  arrival.enter(Phase::tls_handshake);
  if (auto opened = arrival.watch(); !opened) co_return opened;
  auto facts = co_await accept_client_tls(listener, arrival.connection.client, *arrival.watched,
                                          std::exchange(arrival.payload, {}), handshake_deadline(listener, arrival));
  if (!facts) co_return std::unexpected(std::move(facts.error()));
  arrival.learn(std::move(*facts));
  co_return Result<void>{};
}

// The PROXY header for a server of the arrival's branch; empty where its upstream wants none.
std::string header_for_server(const Listener& listener, Arrival& arrival) {
  const balance::ProxyProtocol version = arrival.branch->upstream.options().proxy_protocol;
  if (version == balance::ProxyProtocol::off) return {};
  if (!arrival.destination && listener.bound_to_any()) arrival.destination = arrival.client().local_address();
  return proxy_header_for_server(version, arrival.connection, arrival.destination.value_or(listener.address()),
                                 arrival.facts);
}

// A place in the upstream's queue until a server has room. A client that leaves meanwhile gives it up: by a reset, or
// by ending before it has said anything.
async::Task<Result<balance::Lease>> wait_in_queue(Listener& listener, Arrival& arrival, balance::PickRequest request) {
  if (auto opened = arrival.watch(); !opened) co_return std::unexpected(std::move(opened.error()));
  async::CancelScope scope(listener.worker().tasks().scope());
  net::Stream& client = *arrival.watched;
  client.cancel_on_reset(&scope, Error{Origin::client, "client_closed", false, {}});
  client.cancel_on_end(arrival.payload.empty());
  auto lease = co_await async::within(scope, balance::wait_for_room(arrival.branch->upstream, request));
  client.cancel_on_end(false);
  client.cancel_on_reset(nullptr);
  co_return lease;
}

// Picks and connects until one server is reached, all attempts are used up or there is nobody to try.
async::Task<Result<Reached>> reach_server(Listener& listener, Arrival& arrival) {
  Connection& connection = arrival.connection;
  balance::Upstream& upstream = arrival.branch->upstream;
  const bool by_source = upstream.options().balance == balance::Policy::source_hash;
  const std::uint64_t hash = by_source ? balance::source_key(connection.client.ip) : 0;
  const std::string before_tls = upstream.options().tls ? header_for_server(listener, arrival) : std::string();
  std::vector<const balance::Server*> tried;
  Result<Reached> failure = fail(Origin::upstream, "no_healthy_server");
  for (std::uint32_t attempt = 0; attempt < upstream.options().attempts; ++attempt) {
    Instant begin = now();
    const balance::PickRequest request = {.hash = hash, .tried = tried, .now = begin};
    auto picked = balance::pick_now(upstream, request);
    if (!picked) {
      arrival.enter(Phase::queue);
      picked = co_await wait_in_queue(listener, arrival, request);
      begin = now();
    }
    auto& lease = *picked;
    if (!lease) {
      const bool tell_last = attempt > 0 && lease.error().origin == Origin::upstream;
      co_return tell_last ? std::move(failure) : std::unexpected(std::move(lease.error()));
    }
    if (connection.attempts < 255) ++connection.attempts;
    arrival.server = &lease->server();
    arrival.enter(Phase::connect);
    auto server = co_await balance::connect_to(upstream.options(), lease->address(), before_tls,
                                               deadline_after(begin, listener.config().timeout.connect));
    const Instant end = now();
    if (server) {
      connection.connected_after(end - begin);
      lease->connected(end - begin, end);
      co_return Reached{std::move(*lease), std::move(*server)};
    }
    if (!server.error().retryable) co_return std::unexpected(std::move(server.error()));
    if (server.error().origin == Origin::upstream) lease->failed(balance::connect_failure(server.error()), end);
    tried.push_back(std::exchange(arrival.server, nullptr));
    failure = std::unexpected(std::move(server.error()));
  }
  co_return failure;
}

void begin_session(Listener& listener, Arrival& arrival, Reached& reached) {
  const bool is_sent = arrival.branch->upstream.options().tls.has_value();  // in front of the handshake
  const std::string header = is_sent ? std::string() : header_for_server(listener, arrival);
  const bool may_read = reached.server->may_read();
  Traffic& traffic = listener.traffic_to(arrival.branch, &reached.lease.server());
  auto session = std::make_unique<Session>(std::move(arrival.connection), traffic, std::move(reached.lease),
                                           net::Relay::Side{std::move(arrival.client())},
                                           net::Relay::Side{reached.server->release(), may_read});
  listener.worker().sessions().begin(std::move(session),
                                     {.header = header, .to_server = arrival.payload, .to_client = {}});
}

}  // namespace

// A connection that fails is counted before it is closed, so that a client that sees its end finds it counted.
async::Task<void> set_up(Listener& listener, net::Socket client, Connection accepted) {
  Arrival arrival(listener, std::move(client), std::move(accepted));
  if (listener.expects_header(arrival.connection.client)) {
    auto taken = co_await take_header(listener, arrival);
    if (taken) taken = listener.admit(arrival.connection);
    if (!taken) co_return listener.ended(arrival.connection, arrival.branch, {.end = taken.error().reason});
  }
  if (listener.config().tls) {
    auto ended = co_await end_tls(listener, arrival);
    if (!ended) co_return listener.ended(arrival.connection, arrival.branch, {.end = ended.error().reason});
  }
  if (!listener.shared().matches.empty()) {
    auto chosen = co_await choose_branch(listener, arrival);
    if (!chosen) co_return listener.ended(arrival.connection, arrival.branch, {.end = chosen.error().reason});
  }
  auto reached = co_await reach_server(listener, arrival);
  if (!reached) co_return listener.ended(arrival.connection, arrival.branch, {.end = reached.error().reason});
  begin_session(listener, arrival, *reached);
}

}  // namespace tandem::lb
