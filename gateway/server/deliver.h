// Writes one answer to a client: head and body as they come, in the framing that the client understands.
#pragma once
#include "common/async/task.h"
#include "common/http/outbound.h"
#include "gateway/exchange.h"
#include "gateway/handlers/response.h"

namespace tandem::gateway {

struct Delivery {
  bool complete = false;    // the whole answer has been given to the kernel
  bool head_sent = false;   // some of it may have reached the client: nothing else can be answered any more
  bool must_reset = false;  // the client could take what it got for the whole: it must see a broken connection
  std::uint64_t body_bytes = 0;
  std::optional<Error> error;  // why it is not complete
};

// How slowly a client may take an answer.
struct Patience {
  Duration idle;  // without any progress
  http::MinRate rate;
};

// `keep_alive`: the connection goes on, as far as the request is concerned; taken back when the answer can only end
// with the connection.
async::Task<Delivery> deliver(Exchange& exchange, Response& response, net::Stream& stream, Patience patience,
                              bool& keep_alive);

}  // namespace tandem::gateway
