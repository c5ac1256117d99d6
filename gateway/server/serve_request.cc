#include "gateway/server/serve_request.h"

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "common/http/forwarding.h"
#include "common/http/path.h"
#include "common/http/websocket.h"
#include "common/http/write_head.h"
#include "common/process/memory_guard.h"
#include "gateway/auth/identity_fields.h"
#include "gateway/error_answer.h"
#include "gateway/filters/client_address.h"
#include "gateway/handlers/upstream_attempt.h"
#include "gateway/server/deliver.h"
#include "gateway/server/find_route.h"
#include "gateway/server/health_endpoint.h"
#include "gateway/server/options.h"
#include "gateway/server/request_log.h"
#include "gateway/server/tunnel.h"
#include "gateway/worker.h"

namespace tandem::gateway {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kDrainBytes = 64 * 1024;  // of a body that nobody wants, so that the client reads the answer
constexpr Duration kDrainTime = 1s;
constexpr Duration kTunnelHalfClosed = 30s;  // of a tunnel, once one side has ended

Instant turn() { return async::Scheduler::current().now(); }

constexpr std::string_view kNoMethod = "no route takes this method here";

// Everything that must be right before a route is looked for. Gives what to refuse with, or nothing.
std::optional<http::HttpError> prepare(Connection& connection, Exchange& exchange) {
  const ListenerConfig& listener = connection.listener().config();
  http::RequestHead& head = exchange.request;
  exchange.peer = connection.client();
  exchange.tls = connection.tls();
  exchange.idle = listener.timeout.idle;
  exchange.via = connection.listener().via;
  const bool trusted = http::is_trusted(exchange.peer.ip, listener.trusted_proxies);
  exchange.trace = http::TraceContext::of(head.fields);
  exchange.worker.tracer.begin(exchange, trusted);
  exchange.client = http::client_address(exchange.peer.ip, head.fields, listener.trusted_proxies);
  if (trusted) {
    exchange.client_request_id = head.fields.value(http::FieldId::x_request_id).value_or("");
  }
  if (head.method == http::Method::trace) return http::HttpError{405, "method_not_allowed", kNoMethod};
  if (http::has_passed(head.fields, exchange.via))
    return http::HttpError{508, "loop", "the request has been here before"};
  if (head.form == http::TargetForm::asterisk) {
    exchange.path = "*";
  } else {
    const auto path = http::normalize_path(head.path, exchange.path_buffer,
                                           {.encoded_slashes = exchange.generation->encoded_slashes});
    if (!path) return path.error();
    exchange.path = *path;
  }
  const bool websocket = http::asks_for_websocket(head);
  if (const auto refused = http::strip_hop_by_hop(head.fields, head.connection)) return refused;
  exchange.websocket = websocket && head.fields.has(http::FieldId::sec_websocket_key);  // no Connection named it
  exchange.forwarding =
      http::forwarding_of(head, exchange.peer.ip, listener.trusted_proxies, exchange.tls != nullptr, exchange.via);
  exchange.authorization = head.fields.has(http::FieldId::authorization);
  http::remove_forwarding_fields(head.fields);
  remove_identity_fields(head.fields, exchange.generation->identity_fields);
  exchange.scheme = exchange.forwarding.forwarded_proto;
  return std::nullopt;
}

// A listener that sends everybody to https serves nothing; a proxy before it may have taken the request by https.
std::optional<Response> https_redirect(const Connection& connection, Exchange& exchange) {
  const std::uint16_t port = connection.listener().config().redirect_to_https;
  if (port == 0 || exchange.scheme == "https") return std::nullopt;
  const auto found = exchange.generation->to_https.find(port);
  if (found == exchange.generation->to_https.end()) return std::nullopt;
  auto response = found->second.answer(exchange);
  return response ? std::move(*response) : error_answer(response.error(), exchange);
}

// Finds the exchange's route, or gives the answer where none is needed or none is found.
std::optional<Response> route(Connection& connection, Exchange& exchange) {
  if (auto health = health_answer(connection, exchange)) return health;
  if (process::memory_is_short()) {
    return refusal({503, "overloaded", "the process has as much memory as it may have"}, exchange);
  }
  if (!connection.listener().allows(exchange.client)) return address_refused(exchange);
  if (auto redirect = https_redirect(connection, exchange)) return redirect;
  const std::uint16_t port = connection.listener().port;
  if (find_preflight(exchange, port)) return std::nullopt;
  auto no = find_route(exchange, port);
  if (!no) return std::nullopt;
  if (is_ours_to_answer(exchange.request, *no)) return options_answer(std::move(no->allow));
  Response response = declined(no->error.reason, std::move(no->error.detail), exchange);
  if (!no->allow.empty()) response.add("Allow", std::move(no->allow));
  return response;
}

async::Task<Response> answer(Connection& connection, Exchange& exchange) {
  if (const auto refused = prepare(connection, exchange)) co_return refusal(*refused, exchange);
  if (auto answered = route(connection, exchange)) co_return std::move(*answered);
  exchange.websocket = exchange.websocket && exchange.route->websocket;
  if (!exchange.body.limit(exchange.route->max_body)) co_return refusal(*exchange.body.error(), exchange);
  auto response = co_await async::within(exchange.scope, exchange.route->chain.run(exchange));
  if (response) co_return std::move(*response);
  co_return error_answer(response.error(), exchange);
}

// A body that nobody has read yet: small ones are read away, so that the connection can go on.
bool body_read_away(Exchange& exchange) {
  while (!exchange.body.done() && exchange.body.received() <= kDrainBytes) {
    const auto run = exchange.body.try_read();
    if (!run || !*run) return false;
  }
  return exchange.body.done();
}

bool may_keep_alive(const Connection& connection, Exchange& exchange, const Response& response) {
  return exchange.request.keep_alive && !response.close && !connection.worker().draining() &&
         !connection.listener().retired && turn() < connection.ends_at() &&
         connection.requests() < connection.listener().config().max_requests_per_connection &&
         (exchange.body.done() || (exchange.tasks.size() == 0 && body_read_away(exchange)));
}

// Sends the answer; when its source fails before a byte has left, the failure's own answer instead.
async::Task<Delivery> send(Connection& connection, Exchange& exchange, Response& response, net::Stream& stream,
                           bool& keep_alive) {
  const ListenerConfig& listener = connection.listener().config();
  const Patience patience = {listener.timeout.idle, http::MinRate(listener.min_rate)};
  keep_alive = may_keep_alive(connection, exchange, response);
  Delivery delivery = co_await async::within(exchange.scope, deliver(exchange, response, stream, patience, keep_alive));
  if (delivery.complete || delivery.head_sent || exchange.scope.cancelled()) co_return delivery;
  response = error_answer(*delivery.error, exchange);
  co_return co_await async::within(exchange.scope, deliver(exchange, response, stream, patience, keep_alive));
}

// The client's head did not come, or came wrong: what to answer, if anything.
std::optional<Response> head_failure(const Result<http::HeadResult>& head, bool begun, Exchange& exchange) {
  if (!head) {
    if (head.error().reason != "timeout" || !begun) return std::nullopt;
    return refusal({408, "request_timeout", "the request's head did not come in time"}, exchange);
  }
  if (head->outcome == http::HeadOutcome::refused) return refusal(head->error, exchange);
  return std::nullopt;
}

struct ClientSide {
  net::Stream& stream;
  http::Inbound& inbound;
};

// Both sides have heard of the upgrade: from here on their bytes go to each other as they are. What came behind the
// heads goes first.
After tunnel(Connection& connection, const AccessRecord& record, Instant began, ClientSide client,
             UpstreamAttempt& service, Tunnel::Held held) {
  net::Stream& server = service.connection->stream();
  const Duration idle = connection.listener().config().timeout.idle;
  auto made = std::make_unique<Tunnel>(connection, std::move(service.lease), net::Relay::Side{client.stream.release()},
                                       net::Relay::Side{server.release()},
                                       net::RelayTimeouts{idle, std::min(idle, kTunnelHalfClosed)}, record, began,
                                       std::move(held));
  const net::RelayPreface preface = {
      .header = {}, .to_server = client.inbound.peek(), .to_client = service.connection->inbound().peek()};
  if (!made->start(preface)) return After::close;
  connection.become(std::move(made));
  return After::tunnel;
}

}  // namespace

async::Task<After> serve_request(Connection& connection, net::Stream& stream, http::Inbound& inbound) {
  std::shared_ptr<const Generation> generation;  // the one that is in force when the head is there
  RequestBody body(stream, inbound);
  Exchange exchange(connection.worker().context(), connection.worker().tasks().scope(), body);
  const ListenerConfig& before = connection.listener().config();
  http::RequestParser parser({before.max_header_size, before.max_headers, before.max_uri});
  const auto head = co_await inbound.read_head(parser, exchange.request, exchange.head_bytes,
                                               deadline_after(turn(), before.timeout.header));
  generation = connection.worker().generation();
  exchange.generation = generation.get();
  const Duration body_timeout = connection.listener().config().timeout.body;
  exchange.started = turn();
  std::optional<Response> response;
  if (!head || head->outcome != http::HeadOutcome::complete) {
    exchange.id = http::request_id(connection.id(), connection.next_request());
    exchange.peer = connection.client();
    exchange.client = exchange.peer.ip;
    exchange.via = connection.listener().via;
    response = head_failure(head, parser.begun(), exchange);
    if (!response) co_return After::close;
    body.begin(http::BodyFraming::until_close(), body_timeout, {}, false);  // whatever follows is not read as HTTP
  } else {
    exchange.id = http::request_id(connection.id(), connection.next_request());
    body.begin(exchange.request.framing, body_timeout, http::MinRate(connection.listener().config().min_rate),
               exchange.request.expect_continue);
    stream.cancel_on_reset(&exchange.scope,
                           Error{Origin::client, "client_closed", false, "the client reset the connection"});
    response = co_await answer(connection, exchange);
  }
  bool keep_alive = false;
  const Delivery delivery = co_await send(connection, exchange, *response, stream, keep_alive);
  stream.cancel_on_reset(nullptr);
  exchange.tasks.cancel(Error{Origin::internal, "answered", false, {}});
  co_await exchange.tasks.until_empty();
  log_request(connection, exchange, *response, delivery);
  if (response->upgraded && delivery.complete) {
    const Duration took = turn() - exchange.started;
    co_return tunnel(connection, access_record(connection, exchange, *response, delivery, took), exchange.started,
                     {stream, inbound}, *response->upgraded, std::move(exchange.held));
  }
  response.reset();
  exchange.held.clear();
  if (!delivery.complete) {
    if (delivery.must_reset) stream.reset();
    co_return After::close;
  }
  if (!keep_alive && !body.done()) {
    stream.shutdown_write();
    (void)co_await body.drain(kDrainBytes, turn() + kDrainTime);
  }
  co_return keep_alive ? After::next : After::close;
}

}  // namespace tandem::gateway
