// One request to a helper: whoever publishes keys, or collects traces. Resolved, connected, asked and read within one
// deadline and one size, on a connection of its own. Redirects are not followed. On any thread with a reactor; meant
// for the control thread.
#pragma once
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/async/task.h"
#include "common/base/address.h"
#include "common/base/clock.h"
#include "gateway/helper/url.h"

namespace tandem::net {
class TlsClientContext;
}

namespace tandem::gateway {

struct FetchOptions {
  std::shared_ptr<const net::TlsClientContext> tls;  // for https
  std::vector<IpEndpoint> resolvers;                 // who is asked for names; empty: whom the system asks
  Instant deadline = kNoDeadline;
  std::size_t most_bytes = 0;  // of the answer's body
};

struct HelperAnswer {
  int status = 0;
  std::string body;
  std::optional<Duration> fresh;        // how long it may be used, where the answer says so (RFC 9111 §5.2.2)
  std::optional<Duration> retry_after;  // in seconds (RFC 9110 §10.2.3); a date counts as nothing
};

// POSTs JSON, with these fields beside those that are needed: they are one line each. Whatever the answer's status;
// else why there is none, for people.
async::Task<std::expected<HelperAnswer, std::string>> post_json(HttpUrl url,
                                                                std::vector<std::pair<std::string, std::string>> fields,
                                                                std::string body, FetchOptions options);

// The answer to a GET, of status 200; else why there is none, for people.
async::Task<std::expected<HelperAnswer, std::string>> fetch(HttpUrl url, FetchOptions options);

// What Cache-Control says of freshness: max-age, or zero for no-store and no-cache; nothing where it says neither.
std::optional<Duration> freshness(std::string_view cache_control);

}  // namespace tandem::gateway
