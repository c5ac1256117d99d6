// What comes in on a connection: heads and bodies, read from a stream through the worker's scratch buffer. Bytes are
// kept only when a head is split or when more came than was asked for, so a connection without them owns no buffer.
// Owned by the connection; one reader at a time.
#pragma once
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/http/body_decoder.h"
#include "common/http/head_parser.h"
#include "common/net/stream.h"

namespace tandem::http {

enum class HeadOutcome : std::uint8_t {
  complete,
  ended,    // the peer ended before a byte of this head
  cut,      // the peer ended in the middle of it
  refused,  // see error
};

struct HeadResult {
  HeadOutcome outcome = HeadOutcome::complete;
  HttpError error{};
  std::size_t size = 0;  // bytes of the head
};

class Inbound {
 public:
  explicit Inbound(net::Stream& stream) : stream_(stream) {}

  // Reads one head; its bytes are moved into `bytes`, where `head`'s views then point. The parser has been reset. The
  // error is "timeout", "reset" or the scope's reason.
  async::Task<Result<HeadResult>> read_head(RequestParser& parser, RequestHead& head, std::string& bytes,
                                            Instant deadline);
  async::Task<Result<HeadResult>> read_head(ResponseParser& parser, ResponseHead& head, std::string& bytes,
                                            Instant deadline);

  // The next run of a body's bytes, as long as one read gives; empty at the body's end. Valid until the caller suspends
  // or reads again. Errors: what the decoder refuses (origin by `of`), "cut_short", "timeout", "reset", the scope's
  // reason.
  async::Task<Result<std::string_view>> read_body(BodyDecoder& decoder, Origin of, Instant deadline);

  // The same without waiting: nothing when nothing has come yet.
  std::optional<Result<std::string_view>> try_read_body(BodyDecoder& decoder, Origin of);

  // A long run of the body, of known length, can be moved by splice instead: nothing of it has been read yet.
  bool can_splice(const BodyDecoder& decoder) const;
  // Moves what has come of it into `pipe`, which is empty, without waiting: nothing when nothing has come. 0: the
  // socket is of a kind that can't; errors as read_body()'s.
  std::optional<Result<std::size_t>> try_splice(BodyDecoder& decoder, net::Pipe& pipe, Origin of);

  // How much is read at first for the next head; a body that follows it within these bytes is copied.
  void read_first(std::size_t most) { first_read_ = most; }

  // For what stands before the first head (a PROXY header): the bytes that came and nobody has read, more of them, and
  // dropping the first ones. fetch() gives 0 at the end of input.
  std::string_view peek() const { return kept(); }
  async::Task<Result<std::size_t>> fetch(Instant deadline);
  void consume(std::size_t bytes) { consume_kept(bytes); }

  // Bytes have come that nobody has read.
  bool has_kept() const { return offset_ < kept_.size(); }
  void drop_kept();

  std::uint64_t received() const { return received_; }  // bytes since the connection began

 private:
  template <class Parser, class Head>
  async::Task<Result<HeadResult>> read_any_head(Parser& parser, Head& head, std::string& bytes, Instant deadline);
  std::string_view kept() const { return std::string_view(kept_).substr(offset_); }
  void keep(std::string_view bytes);
  void consume_kept(std::size_t bytes);
  Result<std::string_view> decode_kept(BodyDecoder& decoder, Origin of);
  Result<std::string_view> decode_scratch(BodyDecoder& decoder, Origin of, std::span<char> bytes);

  Result<std::string_view> end_body(BodyDecoder& decoder, Origin of) const;

  net::Stream& stream_;
  std::size_t first_read_ = net::Reactor::kScratchSize;
  std::string kept_;
  std::size_t offset_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace tandem::http
