// For who speaks plain HTTP where TLS is expected: an answer that says so.
#pragma once
#include <string>

#include "common/async/task.h"
#include "common/net/stream.h"

namespace tandem::gateway {

// Answers 400 as a problem document, reads a little of what still comes, so that the client can read the answer, and
// leaves the closing to the caller. `connection`: its id.
async::Task<void> answer_plain_http(net::Stream& stream, std::string connection);

}  // namespace tandem::gateway
