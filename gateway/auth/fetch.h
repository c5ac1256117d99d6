// One GET of what a helper publishes: resolved, connected, asked and read within one deadline and one size. Redirects
// are not followed. On any thread with a reactor; meant for the control thread.
#pragma once
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/base/address.h"
#include "common/base/clock.h"
#include "gateway/auth/url.h"

namespace tandem::net {
class TlsClientContext;
}

namespace tandem::gateway {

struct FetchOptions {
  std::shared_ptr<const net::TlsClientContext> tls;  // for https
  std::vector<IpEndpoint> resolvers;                 // who is asked for names; empty: whom the system asks
  Instant deadline = kNoDeadline;
  std::size_t most_bytes = 0;  // of the body
};

struct Fetched {
  std::string body;
  std::optional<Duration> fresh;  // how long it may be used, where the answer says so (RFC 9111 §5.2.2); zero: no time
};

// The body of an answer of status 200; else why there is none, for people.
async::Task<std::expected<Fetched, std::string>> fetch(HttpUrl url, FetchOptions options);

// What Cache-Control says of freshness: max-age, or zero for no-store and no-cache; nothing where it says neither.
std::optional<Duration> freshness(std::string_view cache_control);

}  // namespace tandem::gateway
