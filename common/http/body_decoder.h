// The body of a message of any framing, out of the bytes that follow its head. Belongs to one body; no copy, no
// allocation. Tells where the body ends, so that what follows is left for the next message.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "common/http/chunked.h"
#include "common/http/http_error.h"
#include "common/http/message.h"

namespace tandem::http {

class BodyDecoder {
 public:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
  enum class Of : std::uint8_t { request, response };  // decides what is said when it is refused: 400 or 502

  BodyDecoder() : BodyDecoder(Of::request, BodyFraming::none()) {}
  // Refused at once (413) when a length exceeds `max_body`; a chunked body as soon as a chunk announces too much.
  BodyDecoder(Of of, BodyFraming framing, std::uint64_t max_body = kUnlimited);

  // The next run of the body in `in`: consume it, then call again with the rest, until nothing is left or done() or
  // error(). Bytes that are not consumed when done() belong to the next message.
  BodyStep next(std::string_view in);

  // `bytes` of a body of known length have gone past without being looked at; at most remaining().
  void skip(std::uint64_t bytes);

  bool done() const { return done_; }
  const HttpError* error() const { return error_ ? &*error_ : nullptr; }
  std::uint64_t received() const { return received_; }  // body bytes given out
  std::optional<std::uint64_t> remaining() const;       // of a length; what is unknown is empty
  const BodyFraming& framing() const { return framing_; }

  // The peer ended its side. False (and error()) when the body was cut short; a body until close is done by it, unless
  // the end itself is a `cut`: TLS without its close_notify.
  bool finish(bool cut = false);

 private:
  BodyStep next_chunked(std::string_view in);
  void refuse(HttpError error) { error_ = error; }

  BodyFraming framing_;
  Of of_;
  bool done_ = false;
  std::uint64_t max_body_;
  std::uint64_t received_ = 0;
  ChunkedDecoder chunks_;
  std::optional<HttpError> error_;
};

}  // namespace tandem::http
