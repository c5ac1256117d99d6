#include "common/http/server.h"

#include "common/async/yield.h"
#include "common/base/clock.h"
#include "common/http/outbound.h"
#include "common/http/status.h"

namespace tandem::http {
namespace {

using namespace std::chrono_literals;
constexpr Duration kHeadTime = 10s;
constexpr Duration kIdle = 30s;
constexpr Duration kAnswerTime = 60s;  // for all of an answer

std::string write_head(const ServerAnswer& answer, bool keep_alive, bool chunked) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " " + std::string(reason_phrase(answer.status)) +
                     "\r\nDate: " + to_http_date(wall_now()) + "\r\n";
  for (const auto& [name, value] : answer.fields) head += name + ": " + value + "\r\n";
  if (!answer.more) {
    head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  } else if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

}  // namespace

Server::Server(std::vector<net::Socket> sockets, Handle handle) : handle_(std::move(handle)) {
  net::Listener::Owner& owner = *this;
  for (net::Socket& socket : sockets) listeners_.push_back(std::make_unique<net::Listener>(std::move(socket), owner));
}

Server::~Server() = default;

Result<void> Server::start() {
  for (auto& listener : listeners_) {
    if (auto started = listener->start(); !started) return started;
  }
  return {};
}

void Server::finish() {
  finishing_ = true;
  for (auto& listener : listeners_) listener->close();
}

async::Task<void> Server::close() {
  for (auto& listener : listeners_) listener->close();
  connections_.cancel(Error{Origin::internal, "closing", false, {}});
  co_await connections_.until_empty();
}

void Server::on_accept(net::Listener&, net::Socket socket, const Address& peer) noexcept {
  if (connections_.size() >= kMaxConnections) return;  // the socket closes: one who floods the admin address waits
  connections_.spawn(serve(std::make_unique<net::Stream>(std::move(socket), true), peer));
}

async::Task<void> Server::serve(std::unique_ptr<net::Stream> stream, Address peer) {
  if (!stream->open()) co_return;
  Inbound inbound(*stream);
  while (co_await exchange(*stream, inbound, peer)) {
  }
}

// One request and its answer; false when the connection must end.
async::Task<bool> Server::exchange(net::Stream& stream, Inbound& inbound, const Address& peer) {
  RequestParser parser;
  parser.reset();
  RequestHead head;
  std::string bytes;
  Outbound out(stream, kIdle);
  const Instant begin = async::Scheduler::current().now();
  const auto got =
      co_await inbound.read_head(parser, head, bytes, deadline_after(begin, inbound.received() ? kIdle : kHeadTime));
  if (!got || got->outcome == HeadOutcome::ended || got->outcome == HeadOutcome::cut) co_return false;
  ServerAnswer answer;
  bool keep_alive = false;
  if (got->outcome == HeadOutcome::refused) {
    answer = {got->error.status, {{"Content-Type", "text/plain"}}, std::string(got->error.detail) + "\n"};
  } else {
    BodyDecoder decoder(BodyDecoder::Of::request, head.framing, kMaxBody);
    std::string body;
    std::optional<Error> refused;
    while (!decoder.done() && !refused) {
      const auto run = co_await inbound.read_body(decoder, Origin::client, deadline_after(begin, kHeadTime));
      if (run) {
        body.append(*run);
      } else {
        refused = run.error();
      }
    }
    if (refused && refused->origin != Origin::client) co_return false;
    if (refused) {
      answer = {
          decoder.error() ? decoder.error()->status : 400, {{"Content-Type", "text/plain"}}, refused->detail + "\n"};
    } else {
      answer = co_await handle_(ServerRequest{head, body, peer});
      keep_alive = head.keep_alive && !finishing_;
    }
  }
  // Who takes nothing, or little by little for ever, is given up.
  async::CancelScope patience(connections_.scope());
  patience.set_deadline(deadline_after(async::Scheduler::current().now(), kAnswerTime), Origin::client, "timeout");
  const auto sent = co_await async::within(patience, send(out, head, answer, keep_alive));
  co_return sent&& keep_alive;
}

// HTTP/1.0 and HEAD get what comes in pieces up to the connection's end, or not at all.
async::Task<bool> Server::send(Outbound& out, const RequestHead& head, ServerAnswer& answer, bool& keep_alive) {
  const bool chunked = answer.more && head.version_minor > 0;
  if (answer.more && !chunked) keep_alive = false;
  const BodyFraming framing = !answer.more ? BodyFraming::of_length(answer.body.size())
                              : chunked    ? BodyFraming::chunked()
                                           : BodyFraming::until_close();
  out.begin(write_head(answer, keep_alive, chunked), head.method == Method::head ? BodyFraming::none() : framing);
  bool more = head.method != Method::head;
  while (more) {
    if (!answer.body.empty() && !co_await out.write(answer.body)) co_return false;
    if (answer.more && !co_await out.flush()) co_return false;
    answer.body.clear();
    more = static_cast<bool>(answer.more);
    if (!more) break;
    co_await async::yield();
    more = answer.more(answer.body) || !answer.body.empty();
  }
  co_return (co_await out.finish()).has_value();
}

}  // namespace tandem::http
