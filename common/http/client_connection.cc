#include "common/http/client_connection.h"

#include "common/net/tls_session.h"

namespace tandem::http {
namespace {

constexpr std::uint64_t kLongAnswer = 48 * 1024;
constexpr std::size_t kFirstOfLong = 8 * 1024;
constexpr int kMaxInterimHeads = 8;  // then the server is refused: endless 1xx heads would never end a request

// What the stream says, in the words of a request to a server.
Error as_upstream(Error error, const net::Stream& stream, bool answer_begun) {
  if (error.reason == "timeout") return {Origin::upstream, "upstream_timeout", false, "no answer within the time"};
  if (error.reason != "reset") return error;  // the scope's own reason
  // With TLS 1.3 a server refuses our certificate when the handshake is over for us.
  if (const net::TlsSession* tls = stream.socket().tls(); tls && !tls->what_failed().empty()) {
    return {Origin::upstream, "upstream_tls", !answer_begun, tls->what_failed()};
  }
  return {Origin::upstream, answer_begun ? "upstream_reset" : "upstream_closed", !answer_begun,
          std::move(error.detail)};
}

template <class T>
Result<T> as_body(Result<T> run) {
  if (run) return run;
  if (run.error().reason == "timeout") return fail(Origin::upstream, "upstream_timeout", "the answer's body stalled");
  if (run.error().reason == "reset") run.error().reason = "upstream_reset";
  return run;
}

}  // namespace

std::unexpected<Error> unasked_upgrade() {
  return fail(Origin::upstream, "upstream_protocol", "status 101 that nobody asked for");
}

ClientConnection::ClientConnection(std::unique_ptr<net::Stream> stream, Duration write_idle, HeadLimits limits)
    : stream_(std::move(stream)), inbound_(*stream_), outbound_(*stream_, write_idle), parser_(limits) {}

async::Task<Result<ResponseHead*>> ClientConnection::read_next_head(Method method, Instant deadline) {
  parser_.reset(method);
  const auto result = co_await inbound_.read_head(parser_, head_, head_bytes_, deadline);
  if (!result) co_return std::unexpected(as_upstream(result.error(), *stream_, parser_.begun()));
  switch (result->outcome) {
    case HeadOutcome::refused: co_return std::unexpected(to_error(result->error, Origin::upstream));
    case HeadOutcome::ended:
      co_return fail(Origin::upstream, "upstream_closed", "the server closed the connection without an answer", true);
    case HeadOutcome::cut:
      co_return fail(Origin::upstream, "upstream_reset", "the server closed the connection within the answer's head");
    case HeadOutcome::complete: break;
  }
  if (head_.is_interim()) {
    if (++interim_heads_ > kMaxInterimHeads) {
      co_return fail(Origin::upstream, "upstream_protocol", "more than 8 interim answers");
    }
    co_return &head_;
  }
  // Like this answer, likely like the next: of a long one little is copied with the head, the rest is spliced.
  inbound_.read_first(head_.framing.length >= kLongAnswer ? kFirstOfLong : net::Reactor::kScratchSize);
  decoder_ = BodyDecoder(BodyDecoder::Of::response, head_.framing);
  ++requests_;
  co_return &head_;
}

async::Task<Result<ResponseHead*>> ClientConnection::read_response_head(Method method, Instant deadline) {
  while (true) {
    auto head = co_await read_next_head(method, deadline);
    if (head && (*head)->is_interim()) continue;
    if (head && (*head)->is_upgrade()) co_return unasked_upgrade();
    co_return head;
  }
}

async::Task<Result<std::string_view>> ClientConnection::read_body(Instant deadline) {
  auto run = co_await inbound_.read_body(decoder_, Origin::upstream, deadline);
  co_return as_body(std::move(run));
}

std::optional<Result<std::string_view>> ClientConnection::try_read_body() {
  auto run = inbound_.try_read_body(decoder_, Origin::upstream);
  if (!run) return std::nullopt;
  return as_body(std::move(*run));
}

std::optional<Result<std::size_t>> ClientConnection::try_splice_body(net::Pipe& pipe) {
  auto moved = inbound_.try_splice(decoder_, pipe, Origin::upstream);
  if (!moved) return std::nullopt;
  return as_body(std::move(*moved));
}

async::Task<Result<void>> ClientConnection::body_readable(Instant deadline) {
  auto waited = co_await stream_->readable(deadline);
  co_return as_body(std::move(waited));
}

bool ClientConnection::reusable() const {
  return request_done_ && decoder_.done() && head_.keep_alive && !inbound_.has_kept() && !stream_->peer_closed() &&
         head_.framing.kind != BodyFraming::Kind::until_close;
}

}  // namespace tandem::http
