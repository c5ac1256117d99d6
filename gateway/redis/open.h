// A connection to Redis that can be used: connected, TLS where it is configured, authenticated, in its database, and
// proven by one call.
#pragma once
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/net/stream.h"
#include "gateway/redis/options.h"

namespace tandem::redis {

// `probe`: the words of a command that must not fail. Else why there is no connection, for people; nothing secret
// stands in it.
async::Task<std::expected<std::unique_ptr<net::Stream>, std::string>> open(const Options& options,
                                                                           const std::vector<std::string>& probe,
                                                                           Instant deadline);

}  // namespace tandem::redis
