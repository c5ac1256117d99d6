#include "common/net/relay.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "common/async/scheduler.h"
#include "common/net/tls_session.h"

namespace tandem::net {
namespace {

constexpr std::size_t kShareBytes = 1024 * 1024;  // of one flow in one turn, then the others have theirs
constexpr unsigned kShareReads = 16;
constexpr std::uint8_t kFullReadsToSplice = 4;
constexpr std::uint8_t kShortTurnsToCopy = 2;
constexpr std::size_t kShortTurn = Reactor::kScratchSize;  // a turn that copying would have done in one read
constexpr unsigned kLastReads = 4;

async::Scheduler& scheduler() { return async::Scheduler::current(); }

}  // namespace

// What is left of a flow's share of this turn.
struct Relay::Share {
  std::size_t bytes = kShareBytes;
  unsigned reads = kShareReads;

  void take(std::size_t n) {
    bytes -= std::min(bytes, n);
    --reads;
  }
  bool used_up() const { return bytes == 0 || reads == 0; }
  std::size_t moved() const { return kShareBytes - bytes; }
};

std::string_view to_string(RelayEnd end) {
  switch (end) {
    case RelayEnd::client: return "client";
    case RelayEnd::server: return "server";
    case RelayEnd::idle: return "idle";
    case RelayEnd::half_closed_timeout: return "half_closed_timeout";
    case RelayEnd::reset_by_client: return "reset_by_client";
    case RelayEnd::reset_by_server: return "reset_by_server";
    case RelayEnd::drain: return "drain";
    case RelayEnd::server_down: return "server_down";
    case RelayEnd::refused: return "refused";
  }
  return "unknown";
}

Relay::Relay(Side from_client, Side from_server, const RelayTimeouts& timeouts, Owner& owner)
    : Timer(&Relay::on_timer),
      RelayHalf<Toward::server>(std::move(from_client.socket), from_client.may_read),
      RelayHalf<Toward::client>(std::move(from_server.socket), from_server.may_read),
      timeouts_(timeouts),
      owner_(owner) {}

Relay::~Relay() { shut(RelayEnd::drain); }

// ---- beginning

Result<void> Relay::start(const RelayPreface& preface) {
  for (Half* half : {&client(), &server()}) {
    half->trusts_events = half->socket.watch_id() == kNoWatch;  // a first watch tells of all that has come before it
    if (auto watched = half->socket.watch(*half); !watched) return watched;
  }
  if (client().socket.tls() || server().socket.tls()) client().can_splice = server().can_splice = false;
  starting_ = true;
  begin(preface);
  watch_idleness();
  run();
  starting_ = false;
  return {};
}

void Relay::begin(const RelayPreface& preface) {
  last_activity_ = scheduler().now();
  if (!preface.to_client.empty()) {
    on_answer();
    pass_on(server(), preface.to_client);
  }
  client().passed_on = -static_cast<std::int64_t>(preface.header.size());
  const std::size_t prefix = preface.header.size() + preface.to_server.size();
  if (prefix == 0) return;
  // Header, what was read, and what can be read now: one segment if it fits.
  const std::span<char> scratch = Reactor::current().scratch();
  if (prefix <= scratch.size()) {
    using Bytes = std::char_traits<char>;
    Bytes::move(scratch.data() + preface.header.size(), preface.to_server.data(), preface.to_server.size());
    Bytes::copy(scratch.data(), preface.header.data(), preface.header.size());
    Share share;
    return copy(client(), share, prefix);
  }
  std::string all(preface.header);
  all += preface.to_server;
  hold(client(), all);
}

// ---- events

void Relay::on_half_ready(Half& half, std::uint8_t readiness) noexcept {
  if (readiness == 0) {
    queued_ = false;
  } else {
    half.trusts_events = true;
    if (readiness & kReadable) half.may_read = true;
    if (readiness & kWritable) half.may_write = true;
    if (readiness & kPeerClosed) half.peer_closed = true;
    if (readiness & kUrgent) keep_urgent_bytes(half);
    if (readiness & kFailed && half.socket.take_error() != 0) on_broken(half);
  }
  if (!queued_) run();
}

// Both flows as far as they go now. May end in report(), after which *this may be gone.
void Relay::run() {
  pump(client());
  pump(server());
  if (Half* half = broken()) {
    last_words(*half);
    shut(half == &client() ? RelayEnd::reset_by_client : RelayEnd::reset_by_server);
  } else if (client().flow == Flow::finished && server().flow == Flow::finished) {
    if (!client().socket.is_ending() && !server().socket.is_ending()) shut(end_);
  }
  if (!ended_) return;
  if (starting_) return report_soon();
  report();
}

void Relay::give_others_a_turn() {
  if (std::exchange(queued_, true)) return;
  Reactor::current().later(client().socket.watch_id(), 0);
}

// ---- one flow

void Relay::pump(Half& from) {
  Share share;
  while (!broken() && !ended_ && from.flow != Flow::finished && deliver_rest(from)) {
    if (from.flow == Flow::draining) {
      pass_end(from);
      break;
    }
    if (!from.may_read) break;
    if (share.used_up()) {
      give_others_a_turn();
      break;
    }
    if (from.splicing) open_pipe(from);
    if (from.splicing) {
      splice(from, share);
    } else {
      copy(from, share, 0);
    }
  }
  if (from.rest() == 0) from.busy.reset();
}

void Relay::open_pipe(Half& from) {
  Busy& busy = make_busy(from);
  if (busy.pipe.is_open()) return;
  busy.pipe = PipePool::shared().take();
  from.splicing = busy.pipe.is_open();
  from.streak = 0;
}

Relay::Busy& Relay::make_busy(Half& from) {
  if (!from.busy) from.busy = std::make_unique<Busy>();
  return *from.busy;
}

// Writes on what lies at the beginning of the scratch buffer (`prefix` bytes) and what can be read behind it.
void Relay::copy(Half& from, Share& share, std::size_t prefix) {
  const std::span<char> scratch = Reactor::current().scratch();
  const std::size_t filled = prefix + (from.may_read ? read(from, scratch.subspan(prefix), share) : 0);
  if (filled > 0) pass_on(from, scratch.first(filled));
}

std::size_t Relay::read(Half& from, std::span<char> into, Share& share) {
  if (into.empty()) return 0;
  const IoResult result = from.socket.read(into);
  share.take(result.bytes);
  if (result.failed()) on_broken(from);
  if (result.ended()) on_input_end(from);
  if (result.blocked()) {
    from.may_read = false;
    from.trusts_events = true;
  }
  if (!result.ok()) {
    from.streak = 0;
    return 0;
  }
  if (&from == &server()) on_answer();
  if (result.bytes == into.size()) {
    from.splicing = from.can_splice && ++from.streak >= kFullReadsToSplice;
    if (from.splicing) from.streak = 0;
    return result.bytes;
  }
  from.streak = 0;
  if (from.socket.tls() && from.peer_closed) return result.bytes;  // how it ended is still to be read
  if (!from.has_urgent && from.peer_closed) on_input_end(from);
  if (!from.has_urgent && from.trusts_events) from.may_read = false;
  return result.bytes;
}

// Fills the empty pipe, so that a refusal means that the socket has nothing; deliver_rest() empties it again.
void Relay::splice(Half& from, Share& share) {
  const IoResult result = from.busy->pipe.fill_from(from.socket.fd(), share.bytes);
  share.take(result.bytes);
  if (result.ok() && &from == &server()) on_answer();
  if (result.ended()) on_input_end(from);
  if (result.blocked()) {
    from.may_read = false;
    from.trusts_events = true;
    from.streak = share.moved() < kShortTurn ? from.streak + 1 : 0;
    if (from.streak < kShortTurnsToCopy) return;
    from.splicing = false;
    from.streak = 0;
  }
  if (!result.failed()) return;
  if (result.error != EINVAL) return on_broken(from);
  from.can_splice = from.splicing = false;  // a kind of socket that can't
}

void Relay::pass_on(Half& from, std::span<const char> bytes) {
  if (&from == &client() && from.passed_on == 0 && !owner_.on_first_bytes(*this, bytes)) return shut(RelayEnd::refused);
  Half& to = other(from);
  const bool end_follows = from.flow == Flow::draining;
  const IoResult result = to.socket.write(bytes, end_follows);
  if (result.failed()) return on_broken(to);
  on_delivered(from, result.bytes);
  if (result.bytes == bytes.size()) return;
  to.may_write = false;
  hold(from, bytes.subspan(result.bytes));
}

void Relay::hold(Half& from, std::span<const char> bytes) {
  Busy& busy = make_busy(from);
  busy.held.assign(bytes.data(), bytes.size());
  busy.taken = 0;
}

// True when nothing waits any more for the other side.
bool Relay::deliver_rest(Half& from) {
  if (from.rest() == 0) return true;
  Half& to = other(from);
  if (!to.may_write) return false;
  Busy& busy = *from.busy;
  IoResult result;
  if (!busy.held.empty()) {
    result = to.socket.write(std::span<const char>(busy.held).subspan(busy.taken), from.flow == Flow::draining);
    busy.taken += result.bytes;
    if (busy.taken == busy.held.size()) busy.held = {};
    if (busy.held.empty()) busy.taken = 0;
  } else {
    result = busy.pipe.drain_to(to.socket.fd());
  }
  on_delivered(from, result.bytes);
  if (result.failed()) on_broken(to);
  if (from.rest() > 0) to.may_write = false;
  return from.rest() == 0;
}

void Relay::on_input_end(Half& from) {
  from.flow = Flow::draining;
  if (std::exchange(input_ended_, true)) return;
  end_ = &from == &client() ? RelayEnd::client : RelayEnd::server;
}

// The last byte has been taken. A true half-close is passed on by itself; when the other flow has ended before, closing
// the sockets says the same, with the last bytes in one segment; but TLS says its end first, when there is room for it.
// Input that was cut off, which is without TLS's end, is passed on as that.
void Relay::pass_end(Half& from) {
  from.flow = Flow::finished;
  last_activity_ = scheduler().now();
  Half& to = other(from);
  if (to.flow == Flow::finished && !to.socket.tls()) return;
  to.socket.shutdown_write(from.socket.tls() && from.socket.tls()->truncated());
  watch_idleness();
}

// An urgent byte stays in its place in the stream, where it arrived; that it was urgent is not passed on.
void Relay::keep_urgent_bytes(Half& half) {
  half.socket.keep_urgent_inline();
  half.has_urgent = true;
  half.can_splice = half.splicing = false;  // splice stops for good in front of it
}

// ---- what happened

void Relay::on_answer() {
  if (first_byte_at_ != Instant{} && turnaround_since_ == Instant{}) return;
  const Instant at = now();
  if (first_byte_at_ == Instant{}) first_byte_at_ = at;
  if (turnaround_since_ == Instant{}) return;
  owner_.on_turnaround(*this, at - std::exchange(turnaround_since_, Instant{}));
}

void Relay::on_delivered(Half& from, std::size_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t before = payload(from);
  from.passed_on += static_cast<std::int64_t>(bytes);
  last_activity_ = scheduler().now();
  if (const std::uint64_t more = payload(from) - before; more > 0)
    owner_.on_passed_on(*this, &from == &client() ? Toward::server : Toward::client, more);
  if (&from != &client() || from.passed_on <= 0) return;
  const bool first = turnaround_since_ == Instant{};
  turnaround_since_ = now();
  if (first) owner_.on_turnaround_started(*this, turnaround_since_);
}

void Relay::on_broken(Half& half) {
  if (!broken()) half.broken = true;
}

// What a side sent before its connection broke may still lie in its socket: a server that refuses an upload answers and
// resets. Passed on as far as the other side takes it at once.
void Relay::last_words(Half& from) {
  if (!deliver_rest(from) || from.flow != Flow::open) return;
  const std::span<char> scratch = Reactor::current().scratch();
  for (unsigned i = 0; i < kLastReads && from.rest() == 0; ++i) {
    const IoResult result = from.socket.read(scratch);
    if (!result.ok()) return;
    if (&from == &server()) on_answer();
    pass_on(from, scratch.first(result.bytes));
  }
}

// ---- the end

Duration Relay::limit() const {
  return half_closed() ? std::min(timeouts_.idle, timeouts_.half_closed) : timeouts_.idle;
}

void Relay::watch_idleness() { scheduler().idles().arm(*this, deadline_after(last_activity_, limit())); }

void Relay::on_timer(async::Timer& timer) noexcept {
  Relay& relay = static_cast<Relay&>(timer);
  if (relay.ended_) return relay.report();
  if (deadline_after(relay.last_activity_, relay.limit()) > scheduler().now()) return relay.watch_idleness();
  const bool by_half = relay.half_closed() && relay.timeouts_.half_closed <= relay.timeouts_.idle;
  relay.shut(by_half ? RelayEnd::half_closed_timeout : RelayEnd::idle);
  relay.report();
}

void Relay::close(RelayEnd why) {
  if (ended_) return;
  shut(why);
  report_soon();
}

void Relay::shut(RelayEnd why) {
  if (std::exchange(ended_, true)) return;
  owner_.on_closing(*this);
  end_ = why;
  disarm();
  const bool cut_client = why == RelayEnd::reset_by_server || server().rest() > 0;
  const bool cut_server = why == RelayEnd::reset_by_client || client().rest() > 0;
  if (cut_client) client().socket.reset();
  if (cut_server) server().socket.reset();
  for (Half* half : {&client(), &server()}) {
    half->socket.close();
    half->busy.reset();
  }
}

void Relay::report_soon() { scheduler().deadlines().arm(*this, scheduler().now()); }

void Relay::report() {
  disarm();
  owner_.on_relay_end(*this, end_);  // nothing may follow: the owner may have destroyed *this
}

std::size_t Relay::bytes_held() const { return client().rest() + server().rest(); }

}  // namespace tandem::net
