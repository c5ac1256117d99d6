#include "gateway/server/deliver.h"

#include <array>

#include "common/async/yield.h"
#include "common/http/websocket.h"
#include "common/http/write_head.h"
#include "gateway/worker_context.h"

namespace tandem::gateway {
namespace {

constexpr int kRunsPerTurn = 16;    // of at most a scratch buffer; then the others have theirs
constexpr int kSplicesPerTurn = 4;  // of at most 256 KB

// RFC 9112 §6.3: no body for HEAD, 204 and 304; a length where it is known; chunks for what is not, and for a client of
// HTTP/1.0 the end of the connection.
http::BodyFraming framing_for(const Exchange& exchange, const Response& response) {
  using Kind = http::BodyFraming::Kind;
  if (exchange.request.method == http::Method::head || response.framing.kind == Kind::none)
    return http::BodyFraming::none();
  if (response.framing.kind == Kind::length) return response.framing;
  return exchange.request.version_minor == 0 ? http::BodyFraming::until_close() : http::BodyFraming::chunked();
}

bool write_head(std::string& head, const Exchange& exchange, const Response& response, http::BodyFraming framing,
                bool keep_alive) {
  http::ResponseOut out;
  out.status = response.status;
  out.reason = response.reason;
  out.framing = framing;
  out.declared_length = response.declared_length;
  if (framing.kind == http::BodyFraming::Kind::none && response.framing.kind == http::BodyFraming::Kind::length) {
    out.declared_length = response.framing.length;  // an answer of our own to HEAD
  }
  out.keep_alive = keep_alive;
  if (response.upgraded) out.upgrade = http::kWebSocket;
  out.client_version_minor = exchange.request.version_minor;
  const std::string via = "1.1 " + std::string(exchange.via);
  std::array<http::Field, 7> added{};
  std::size_t count = 0;
  if (!response.fields.has(http::FieldId::date)) {
    added[count++] = {"Date", exchange.worker.date(), http::FieldId::date};
  }
  added[count++] = {"Via", via, http::FieldId::via};
  const LimitFields& limits = exchange.limits;
  if (!limits.empty()) {
    added[count++] = {"RateLimit-Policy", limits.policy()};
    added[count++] = {"RateLimit", limits.state()};
  }
  std::array<std::string, 3> legacy;
  if (limits.has_legacy()) {
    legacy = {std::to_string(limits.legacy().limit), std::to_string(limits.legacy().remaining),
              std::to_string(limits.legacy().reset)};
    added[count++] = {"X-RateLimit-Limit", legacy[0]};
    added[count++] = {"X-RateLimit-Remaining", legacy[1]};
    added[count++] = {"X-RateLimit-Reset", legacy[2]};
  }
  return http::write_response_head(head, out, response.fields, std::span<const http::Field>(added).first(count));
}

enum class Spliced : std::uint8_t { all, no_pipe, impossible };

// Moves the body as long as it can be spliced. A pipe is held only while it has bytes, for there are few.
async::Task<Result<Spliced>> splice(BodySource& body, http::Outbound& out) {
  for (int runs = 1; body.can_splice(); ++runs) {
    net::Pipe pipe = net::PipePool::shared().take();
    if (!pipe.is_open()) co_return Spliced::no_pipe;
    const auto moved = body.try_splice(pipe);
    if (!moved) {
      pipe.give_up();
      if (auto waited = co_await body.readable(); !waited) co_return std::unexpected(std::move(waited.error()));
      continue;
    }
    if (!*moved) co_return std::unexpected(moved->error());
    if (**moved == 0) co_return Spliced::impossible;
    if (auto drained = co_await out.drain(pipe); !drained) co_return std::unexpected(std::move(drained.error()));
    if (runs % kSplicesPerTurn == 0) co_await async::yield();
  }
  co_return Spliced::all;
}

async::Task<Result<void>> pump(BodySource& body, http::Outbound& out) {
  bool splices = true;
  for (int runs = 1;; ++runs) {
    if (splices && out.can_splice() && body.can_splice()) {
      const auto spliced = co_await splice(body, out);
      if (!spliced) co_return std::unexpected(spliced.error());
      splices = *spliced != Spliced::impossible;
      if (body.done()) co_return Result<void>{};
    }
    auto run = body.try_read();
    if (!run) {
      if (auto flushed = co_await out.flush(); !flushed) co_return flushed;
      run = co_await body.read();
    }
    if (!*run) co_return std::unexpected(std::move(run->error()));
    if ((*run)->empty()) co_return Result<void>{};
    if (auto written = co_await out.write(**run, body.done()); !written) co_return written;
    if (runs % kRunsPerTurn == 0) co_await async::yield();
  }
}

}  // namespace

async::Task<Delivery> deliver(Exchange& exchange, Response& response, net::Stream& stream, Patience patience,
                              bool& keep_alive) {
  Delivery delivery;
  const http::BodyFraming framing = framing_for(exchange, response);
  if (framing.kind == http::BodyFraming::Kind::until_close) keep_alive = false;
  std::string head;
  if (!write_head(head, exchange, response, framing, keep_alive)) {
    delivery.error =
        Error{Origin::internal, "internal_error", false, "a control character would have got into the head"};
    co_return delivery;
  }
  if (InterimAnswers& interim = exchange.body.interim(); !interim.settled()) {
    if (auto settled = co_await interim.settle(); !settled) {
      delivery.head_sent = delivery.must_reset = true;  // a piece of another head has gone out
      delivery.error = std::move(settled.error());
      co_return delivery;
    }
  }
  http::Outbound out(stream, patience.idle);
  out.require(patience.rate);
  out.begin(std::move(head), framing);
  Result<void> done;
  if (framing.kind != http::BodyFraming::Kind::none) {
    if (response.body) {
      done = co_await pump(*response.body, out);
    } else {
      done = co_await out.write(response.text);
    }
  }
  if (done) done = co_await out.finish();
  delivery.complete = done.has_value();
  delivery.head_sent = out.head_sent();
  delivery.must_reset = !done && framing.kind == http::BodyFraming::Kind::until_close;
  delivery.body_bytes = out.body_sent();
  if (!done) delivery.error = std::move(done.error());
  co_return delivery;
}

}  // namespace tandem::gateway
