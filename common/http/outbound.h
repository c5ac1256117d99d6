// What goes out on a connection: a head and a body in one framing. What the socket takes at once is never copied; only
// the rest is, so a connection owns a buffer only while the other side does not take it. Owned by whoever writes one
// message; one writer at a time.
#pragma once
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/http/message.h"
#include "common/http/min_rate.h"
#include "common/net/stream.h"

namespace tandem::http {

class Outbound {
 public:
  // `idle`: how long a write may wait without any progress.
  Outbound(net::Stream& stream, Duration idle) : stream_(stream), idle_(idle) {}

  // Also how slowly the other side may take a message. Before it begins.
  void require(MinRate rate) { rate_ = rate; }

  // Begins a message: `head` waits for the first bytes of the body, or for flush() or finish().
  void begin(std::string head, BodyFraming framing);

  // Writes a run of the body. The bytes may lie in the scratch buffer: what is not taken at once is copied.
  // `more_follows`: another run or finish() comes at once, so the kernel need not hurry. Errors: "timeout", "reset",
  // the scope's reason.
  async::Task<Result<void>> write(std::string_view run, bool more_follows = false);

  // The body can go out through drain(): a plain socket, a framing that adds nothing to it, and the head has gone.
  bool can_splice() const;
  // Writes what lies in `pipe`: a run of the body. Errors as write()'s.
  async::Task<Result<void>> drain(net::Pipe& pipe);

  // Sends the head even though no body has come yet.
  async::Task<Result<void>> flush();

  // Ends the message.
  async::Task<Result<void>> finish();

  bool head_sent() const { return begun_ && head_.empty(); }  // at least one byte of it may have left
  std::uint64_t sent() const { return sent_; }                // bytes given to the kernel
  std::uint64_t body_sent() const { return body_sent_; }

 private:
  async::Task<Result<void>> writable();
  async::Task<Result<void>> send(std::span<const iovec> pieces, bool more_follows);

  net::Stream& stream_;
  const Duration idle_;
  MinRate rate_;
  std::string head_;
  BodyFraming framing_;
  bool begun_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t body_sent_ = 0;
};

}  // namespace tandem::http
