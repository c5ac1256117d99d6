// The body of a client's request: pulled by whoever forwards it, counted against the route's max_body while it streams.
// Lives as long as its exchange, on its worker's thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/http/inbound.h"
#include "common/http/min_rate.h"
#include "gateway/server/interim_answers.h"

namespace tandem::gateway {

class RequestBody {
 public:
  RequestBody(net::Stream& stream, http::Inbound& inbound) : stream_(&stream), inbound_(&inbound), interim_(&stream) {}
  // Of a request without a body and without a client that waits for its answer; `local` is where its client connected.
  explicit RequestBody(Address local) : local_(std::move(local)), interim_(nullptr) {}

  // A request's head has come. `continue_awaited`: the client sends nothing before 100 (RFC 9110 §10.1.1).
  // `rate`: how slowly the client may send it.
  void begin(http::BodyFraming framing, Duration idle, http::MinRate rate, bool continue_awaited);
  // Instead: the body of a request that is made here. It can be sent any number of times.
  void begin(std::string text);
  // Before the first read. False when the announced length is already too much (see error()).
  bool limit(std::uint64_t max_body);

  // The next run, empty at the end. Valid until the caller suspends or reads again. Errors have origin client:
  // "body_too_large", "bad_request", "client_closed", "request_timeout", or the scope's reason.
  async::Task<Result<std::string_view>> read();
  std::optional<Result<std::string_view>> try_read();

  // Before the first read: copies what is handed out, until it is more than `most` bytes: then the copy is dropped. Of
  // several who ask for one, the largest number counts.
  void keep_copy(std::uint64_t most);
  bool copying() const { return copying_; }
  std::string_view copied() const { return copy_; }  // valid until the next read
  std::string take_copy() { return std::move(copy_); }

  const http::BodyFraming& framing() const { return framing_; }
  bool done() const { return inbound_ ? decoder_.done() : text_given_; }
  bool touched() const { return touched_; }  // something of it has been handed out
  bool continue_awaited() const { return continue_awaited_; }
  const http::HttpError* error() const { return decoder_.error(); }
  std::uint64_t received() const { return decoder_.received(); }

  // What the client is told before its answer: 100 for the body, and what a service says (102, 103).
  InterimAnswers& interim() { return interim_; }

  // While on, a client that ends is gone (see net::Stream::cancel_on_end): for a wait in a queue.
  Address local_address() const {
    return stream_ ? stream_->socket().local_address() : local_;
  }  // what the client connected to
  void cancel_on_end(bool on) {
    if (stream_) stream_->cancel_on_end(on);
  }

  // Reads and drops what is left, up to `most` bytes and until `deadline`. True when the end was reached.
  async::Task<bool> drain(std::uint64_t most, Instant deadline);

 private:
  Result<std::string_view> handed_out(Result<std::string_view> run);
  void copy(std::string_view run);

  net::Stream* const stream_ = nullptr;
  http::Inbound* const inbound_ = nullptr;
  const Address local_{};
  InterimAnswers interim_;
  http::BodyDecoder decoder_;
  http::BodyFraming framing_;
  Duration idle_{};
  http::MinRate rate_;
  bool continue_awaited_ = false;
  bool touched_ = false;
  bool copying_ = false;
  std::uint64_t copy_most_ = 0;
  std::string copy_;
  std::string text_;        // of a body that is made here
  bool text_given_ = true;  // it has been handed out
};

}  // namespace tandem::gateway
