// An exchange that nobody waits for: a copy of a client's, that may go on when that one has ended (the flight of a
// cache, an answer asked for anew behind a client's back). Without a body, and without a client. On its worker's
// thread.
#pragma once
#include <memory>
#include <optional>

#include "gateway/exchange.h"

namespace tandem::gateway {

// What an exchange that the gateway makes itself has of the one that it is made for: all but the request. Views stay
// those of `of`.
void take_circumstances(Exchange& to, const Exchange& of);

class DetachedExchange {
 public:
  // Nothing of `of` is needed any more afterwards: the generation is held, texts are copied. Begins now. Ends with
  // `parent`, which outlives it.
  DetachedExchange(const Exchange& of, async::CancelScope& parent);
  DetachedExchange(const DetachedExchange&) = delete;
  DetachedExchange& operator=(const DetachedExchange&) = delete;

  Exchange& exchange() { return exchange_; }

 private:
  void copy_request(const http::RequestHead& from);
  void copy_texts();

  const std::shared_ptr<const Generation> generation_;
  RequestBody body_;
  std::optional<net::TlsFacts> tls_;
  std::unique_ptr<char[]> texts_;
  Exchange exchange_;
};

}  // namespace tandem::gateway
