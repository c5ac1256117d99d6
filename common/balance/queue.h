// Picking with patience: when every server is at its max_connections, or the upstream at its max_in_flight, waits in
// the upstream's bounded queue.
#pragma once
#include <optional>

#include "common/async/task.h"
#include "common/balance/upstream.h"

namespace tandem::balance {

// Like Upstream::pick, or nothing when the upstream has a queue and that is the place to go to: there is no room,
// or others wait already. Whoever comes while others wait goes behind them.
std::optional<Result<Lease>> pick_now(Upstream& upstream, const PickRequest& request);

// Waits for room up to options().queue.timeout from request.now on, or until `deadline`. At once
// "server_full" or "overloaded" when the queue is full; "queue_timeout" when the wait was in vain; the scope's reason
// when cancelled: the place is free then. The upstream and what request.tried points to must outlive it; on a thread
// with a reactor.
async::Task<Result<Lease>> wait_for_room(Upstream& upstream, PickRequest request, Instant deadline = kNoDeadline);

// Whether the error is a pick's, or a wait's that was in vain: no server was asked for anything.
bool is_refused_pick(const Error& error);

}  // namespace tandem::balance
