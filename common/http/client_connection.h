// A connection to an HTTP server, for one request at a time: the gateway's to its services, a health check's. Knows
// whether it may carry another request when one is over. Lives on its worker's thread.
#pragma once
#include <memory>
#include <string>

#include "common/http/inbound.h"
#include "common/http/outbound.h"

namespace tandem::http {

class ClientConnection {
 public:
  ClientConnection(std::unique_ptr<net::Stream> stream, Duration write_idle, HeadLimits limits = {});

  net::Stream& stream() { return *stream_; }
  Inbound& inbound() { return inbound_; }
  Outbound& outbound() { return outbound_; }

  // Reads the next head that answers a request with `method`: an interim one (100, 103 …; at most 8 before the final
  // one), 101, or the final one, whose body follows. It stays valid until the next head or request. Errors have origin
  // upstream: "upstream_closed" (retryable: the server ended before a byte of this head came), "upstream_reset",
  // "upstream_protocol", "upstream_tls" (an alert of the server's), "upstream_timeout" (the deadline), or the scope's
  // reason.
  async::Task<Result<ResponseHead*>> read_next_head(Method method, Instant deadline);
  // The final head: passes over interim ones, refuses a 101.
  async::Task<Result<ResponseHead*>> read_response_head(Method method, Instant deadline);

  // The answer's body: an empty run at its end. Errors as above; "upstream_reset" also when it is cut short.
  async::Task<Result<std::string_view>> read_body(Instant deadline);
  // The same without waiting: nothing when nothing has come.
  std::optional<Result<std::string_view>> try_read_body();
  // As Inbound's.
  bool can_splice_body() const { return inbound_.can_splice(decoder_); }
  std::optional<Result<std::size_t>> try_splice_body(net::Pipe& pipe);
  async::Task<Result<void>> body_readable(Instant deadline);
  bool body_done() const { return decoder_.done(); }

  // The request has gone out whole.
  void request_done() { request_done_ = true; }
  // Request and answer are over, with framing beyond doubt, nothing unasked has come and the server lets it live.
  bool reusable() const;
  void begin_request() { request_done_ = false, interim_heads_ = 0; }

  std::uint32_t requests() const { return requests_; }  // answered on this connection
  bool answer_begun() const { return parser_.begun(); }

 private:
  std::unique_ptr<net::Stream> stream_;
  Inbound inbound_;
  Outbound outbound_;
  ResponseParser parser_;
  ResponseHead head_;
  std::string head_bytes_;
  BodyDecoder decoder_;
  bool request_done_ = false;
  std::uint8_t interim_heads_ = 0;  // of the request that is on its way
  std::uint32_t requests_ = 0;
};

// What a 101 is, where none was asked for.
std::unexpected<Error> unasked_upgrade();

}  // namespace tandem::http
