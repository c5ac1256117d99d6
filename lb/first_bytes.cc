#include "lb/first_bytes.h"

#include <fmt/format.h>

#include "common/async/scheduler.h"
#include "common/base/log.h"
#include "lb/listener.h"

namespace tandem::lb {

async::Task<Result<void>> read_more(net::Stream& client, std::string& received, Instant deadline,
                                    std::string_view awaited) {
  const std::span<char> scratch = net::Reactor::current().scratch();
  const auto got = co_await client.read_some(scratch, deadline);
  if (!got) {
    if (got.error().reason == "timeout") {
      co_return fail(Origin::client, "handshake_timeout", fmt::format("the {} did not come in time", awaited));
    }
    if (got.error().reason == "reset") co_return fail(Origin::client, "reset_by_client", got.error().detail);
    co_return std::unexpected(got.error());
  }
  if (*got == 0) co_return fail(Origin::client, "client", fmt::format("the client left before its {}", awaited));
  received.append(scratch.data(), *got);
  co_return Result<void>{};
}

std::unexpected<Error> refuse(Listener& listener, const IpEndpoint& peer, Error error) {
  if (const auto more = listener.shared().refusals.passed_over(async::Scheduler::current().now())) {
    log_info("listener \"{}\": connection from {} closed: {} ({}){}", listener.config().name, peer.to_string(),
             error.detail, error.reason, and_more(*more));
  }
  return std::unexpected(std::move(error));
}

}  // namespace tandem::lb
