#include "gateway/handlers/proxy.h"

#include <algorithm>

#include "common/async/scheduler.h"
#include "common/balance/queue.h"
#include "common/http/client_connection.h"
#include "common/http/connection_pool.h"
#include "common/http/websocket.h"
#include "gateway/error_answer.h"
#include "gateway/handlers/announcement.h"
#include "gateway/handlers/request_key.h"
#include "gateway/handlers/service_head.h"
#include "gateway/handlers/upstream_attempt.h"
#include "gateway/handlers/values.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {
namespace {

constexpr std::size_t kMostReadAway =
    64 * 1024;  // of an answer that is not passed on; a longer one costs its connection

Instant turn() { return async::Scheduler::current().now(); }

// A server, or a place in the upstream's queue until one has room. A client that leaves meanwhile cancels the exchange.
async::Task<Result<balance::Lease>> pick(balance::Upstream& upstream, Exchange& exchange, std::uint64_t hash,
                                         std::span<const balance::Server* const> tried, Instant deadline) {
  const balance::PickRequest request = {.hash = hash, .tried = tried, .now = turn()};
  if (auto picked = balance::pick_now(upstream, request)) co_return std::move(*picked);
  exchange.body.cancel_on_end(true);
  auto waited = co_await balance::wait_for_room(upstream, request, deadline);
  exchange.body.cancel_on_end(false);
  co_return waited;
}

// What the breaker hears: nothing where no server was asked, or where the client was at fault.
std::optional<bool> has_failed(const Result<Response>& response) {
  if (response) return response->status >= 500;
  const Error& error = response.error();
  if (error.origin != Origin::upstream || balance::is_refused_pick(error)) return std::nullopt;
  return true;
}

// Ends what is left of a try, so that the next one has the body for itself. An answer that is not passed on is read
// away where all of it is here: its connection can be kept then.
async::Task<void> abandon(Exchange& exchange, UpstreamAttempt& attempt, Result<Response>& response) {
  attempt.wait.cancel(Error{Origin::internal, "another_try", false, {}});
  if (exchange.tasks.size() > 0) co_await exchange.tasks.until_empty();
  if (!response) co_return;
  for (std::size_t bytes = 0; bytes < kMostReadAway && !response->body->done();) {
    const auto run = response->body->try_read();
    if (!run || !*run) co_return;
    bytes += (*run)->size();
  }
}

}  // namespace

async::Task<Result<Response>> Proxy::handle(Exchange& exchange) const {
  std::string target;
  if (auto written = routing::append_target(target, path_, template_values(exchange)); !written) {
    co_return std::unexpected(std::move(written.error()));
  }
  Breaker::Pass pass;
  if (config_.breaker.on) {
    exchange.report.upstream = upstream_.name();
    auto let_through = breaker_.enter(config_.breaker, turn());
    if (!let_through) co_return declined_for(let_through.error(), "breaker_open", exchange);
    pass = std::move(*let_through);
  }
  retry_.begin(exchange);
  Tries tries(deadline_after(exchange.started, timeout_));
  while (true) {
    auto attempt = std::make_shared<UpstreamAttempt>(exchange.tasks.scope(), tries.deadline);
    auto response = co_await ask(exchange, attempt, target, tries);
    if (is_stale(*attempt, response, exchange)) {
      tries.fresh = true;
      --exchange.report.attempts;
      end_span(attempt->span, "stale_connection");
      exchange.worker.pool(attempt->lease.server()).close_all();
    } else if (retry_.again(*attempt, response, exchange, tries)) {
      tries.failed_at(attempt->lease.server());
      if (response) end_span(attempt->span, {});
    } else {
      if (const auto failed = has_failed(response)) pass.report(*failed, turn());
      co_return response;
    }
    tries.deadline = attempt->deadline;
    co_await abandon(exchange, *attempt, response);
  }
}

// Sends the request to a server and reads the head of the answer.
async::Task<Result<Response>> Proxy::ask(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt,
                                         const std::string& target, Tries& tries) const {
  if (auto reached = co_await reach(exchange, *attempt, tries); !reached) {
    co_return std::unexpected(std::move(reached.error()));
  }
  attempt->asked = turn();
  if (attempt->span) exchange.trace.tell(attempt->span->id);
  attempt->upgrade = exchange.websocket;
  attempt->sent_before = attempt->connection->outbound().sent();
  co_await send(exchange, attempt, target);
  attempt->lease.turnaround_started(turn());
  auto head = co_await async::within(attempt->wait, read_head(exchange, *attempt));
  attempt->answered = true;
  attempt->wait.set_deadline(kNoDeadline, Origin::internal, {});
  exchange.report.upstream_time = turn() - attempt->asked;
  if (!head) {
    end_span(attempt->span, head.error().reason);
    attempt->give_up(head.error());
    co_return std::unexpected(std::move(head.error()));
  }
  attempt->lease.turnaround(*exchange.report.upstream_time, turn());
  if (attempt->span) {
    attempt->span->answered = turn();
    attempt->span->status = static_cast<std::uint16_t>((*head)->status);
  }
  Response response;
  if (auto taken = take_service_head(**head, response); !taken) {
    end_span(attempt->span, taken.error().reason);
    attempt->give_up(taken.error());
    co_return std::unexpected(std::move(taken.error()));
  }
  if (response.status == 101) {
    response.upgraded = std::move(attempt);
  } else {
    response.body = std::make_unique<UpstreamBody>(std::move(attempt), exchange.worker, exchange.idle);
  }
  co_return response;
}

// Picks a server and gets a connection to it: a kept one unless those were stale, else a new one, trying the next
// server when one refuses.
async::Task<Result<void>> Proxy::reach(Exchange& exchange, UpstreamAttempt& attempt, Tries& tries) const {
  exchange.report.upstream = upstream_.name();
  const std::uint64_t hash = pick_hash(upstream_, config_, exchange);
  std::optional<Error> last;  // why no server could be connected to
  for (std::uint32_t refused = 0;;) {
    attempt.span = exchange.spans.begin(SpanKind::attempt, upstream_.name(), turn());
    auto lease = co_await pick(upstream_, exchange, hash, tries.failed(), attempt.deadline);
    if (!lease) {
      end_span(attempt.span, lease.error().reason);
      const bool tell_last = last && lease.error().origin == Origin::upstream;
      co_return std::unexpected(tell_last ? std::move(*last) : std::move(lease.error()));
    }
    attempt.lease = std::move(*lease);
    ++exchange.report.attempts;
    exchange.report.server = attempt.lease.name();
    if (attempt.span) {
      attempt.span->server = &attempt.lease.server();
      attempt.span->picked = turn();
    }
    if (!tries.fresh) {
      attempt.connection = exchange.worker.pool(attempt.lease.server()).take();
      attempt.reused = attempt.connection != nullptr;
      if (attempt.reused) co_return Result<void>{};
    }
    const Instant begun = turn();
    const Instant until = std::min(deadline_after(begun, config_.connect_timeout), attempt.deadline);
    attempt.announcement = announcement(upstream_.options().proxy_protocol, exchange);
    auto stream =
        co_await connect_to_service(upstream_.options(), attempt.lease.address(), attempt.announcement, until);
    if (stream) {
      attempt.lease.connected(turn() - begun, turn());
      if (attempt.span) attempt.span->connected = turn();
      attempt.connection = std::make_unique<http::ClientConnection>(std::move(*stream), kServerWriteIdle);
      co_return Result<void>{};
    }
    end_span(attempt.span, stream.error().reason);
    if (stream.error().origin != Origin::upstream) co_return std::unexpected(std::move(stream.error()));
    attempt.lease.failed(balance::connect_failure(stream.error()), turn());
    tries.failed_at(attempt.lease.server());
    if (++refused >= upstream_.options().attempts) co_return std::unexpected(std::move(stream.error()));
    last = std::move(stream.error());
  }
}

// The head that is an answer. What comes before it (102, 103) goes to the client at once; 100 is the gateway's own
// business, and HTTP/1.0 knows none of it.
async::Task<Result<http::ResponseHead*>> Proxy::read_head(Exchange& exchange, UpstreamAttempt& attempt) {
  while (true) {
    auto head = co_await attempt.connection->read_next_head(exchange.request.method, kNoDeadline);
    if (!head) co_return head;
    if ((*head)->is_upgrade()) {
      if (!attempt.upgrade) co_return http::unasked_upgrade();
      const auto key = exchange.request.fields.value(http::FieldId::sec_websocket_key);
      const std::string_view refused = http::refuse_websocket_answer(**head, key.value_or(""));
      if (!refused.empty()) co_return fail(Origin::upstream, "upstream_protocol", std::string(refused));
      co_return head;
    }
    if (!(*head)->is_interim()) co_return head;
    attempt.heard = true;
    if ((*head)->status == 100 || exchange.request.version_minor == 0) continue;
    auto bytes = interim_head(**head);
    if (!bytes) co_return std::unexpected(std::move(bytes.error()));
    if (auto sent = co_await exchange.body.interim().send(*bytes); !sent) {
      if (sent.error().origin != Origin::internal) co_return std::unexpected(std::move(sent.error()));
      co_return fail(Origin::client, "client_closed", "the client does not take what comes before its answer");
    }
  }
}

// Sends the head, with what has come of the body; the rest goes on beside, so that an early answer is seen. A write
// that fails is no error yet: the server may have answered before it closed.
async::Task<void> Proxy::send(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt,
                              const std::string& target) const {
  http::Outbound& out = attempt->connection->outbound();
  const http::BodyFraming framing = exchange.request.framing;
  auto head = service_request_head(exchange, config_.host, attempt->lease.address(), target);
  if (!head) {
    attempt->wait.cancel(std::move(head.error()));
    co_return;
  }
  std::string before = before_head(upstream_.options(), attempt->announcement);
  out.begin(before.empty() ? std::move(*head) : before + *head, framing);
  attempt->wait.set_deadline(attempt->deadline, Origin::upstream, "upstream_timeout");
  if (framing.is_empty()) {
    if (co_await out.finish()) attempt->connection->request_done();
    co_return;
  }
  exchange.tasks.spawn(async::within(attempt->wait, upload(exchange, attempt)));
}

// What earlier tries have read of the body goes first. Waiting for the client does not count against the route's
// timeout, so the deadline stands still meanwhile.
async::Task<void> Proxy::upload(Exchange& exchange, std::shared_ptr<UpstreamAttempt> attempt) {
  http::Outbound& out = attempt->connection->outbound();
  if (const std::string_view before = exchange.body.touched() ? exchange.body.copied() : ""; !before.empty()) {
    if (!co_await out.write(before, exchange.body.done())) co_return;
  }
  while (true) {
    auto run = exchange.body.try_read();
    if (!run) {
      if (!co_await out.flush()) co_return;
      const Duration left = attempt->deadline == kNoDeadline ? kNever : attempt->deadline - turn();
      attempt->wait.set_deadline(kNoDeadline, Origin::internal, {});
      run = co_await exchange.body.read();
      attempt->deadline = deadline_after(turn(), left);
      if (!attempt->answered) attempt->wait.set_deadline(attempt->deadline, Origin::upstream, "upstream_timeout");
    }
    if (!*run) {
      attempt->wait.cancel(run->error());
      co_return;
    }
    if ((*run)->empty()) break;
    if (const auto written = co_await out.write(**run, exchange.body.done()); !written) {
      if (written.error().reason == "timeout") {
        attempt->wait.cancel(
            Error{Origin::upstream, "upstream_timeout", false, "the server does not read the request"});
      }
      co_return;
    }
  }
  if (co_await out.finish()) attempt->connection->request_done();
}

}  // namespace tandem::gateway
