#include "common/balance/queue.h"

#include <algorithm>

#include <fmt/format.h>

namespace tandem::balance {
namespace {

bool is_full(const Error& error) { return error.reason == "server_full" || error.reason == "overloaded"; }
bool is_full(const Result<Lease>& picked) { return !picked && is_full(picked.error()); }

// A place in the queue, for as long as this lives: also a coroutine that is destroyed while it waits gives it up.
class Standing {
 public:
  Standing(WaitQueue& queue, std::uint32_t limit)
      : queue_(queue),
        place_(std::make_shared<WaitQueue::Place>(net::Reactor::current())),
        joined_(queue.join(place_, limit, first_)) {}
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;
  ~Standing() {
    if (joined_) queue_.leave(place_);
  }
  bool joined() const { return joined_; }
  bool first() const { return first_; }
  WaitQueue::Place& place() { return *place_; }

 private:
  WaitQueue& queue_;
  const std::shared_ptr<WaitQueue::Place> place_;
  bool first_ = false;
  const bool joined_;
};

}  // namespace

bool is_refused_pick(const Error& error) {
  return is_full(error) || error.reason == "no_healthy_server" || error.reason == "queue_timeout";
}

std::optional<Result<Lease>> pick_now(Upstream& upstream, const PickRequest& request) {
  if (upstream.options().queue.size == 0) return upstream.pick(request);
  if (!upstream.shared().queue().empty()) return std::nullopt;
  auto picked = upstream.pick(request);
  if (is_full(picked)) return std::nullopt;
  return picked;
}

async::Task<Result<Lease>> wait_for_room(Upstream& upstream, PickRequest request, Instant deadline) {
  const QueueOptions& options = upstream.options().queue;
  WaitQueue& queue = upstream.shared().queue();
  deadline = std::min(deadline, deadline_after(request.now, options.timeout));
  Standing standing(queue, options.size);
  if (!standing.joined()) {
    const bool over = upstream.at_max_in_flight();
    co_return fail(Origin::upstream, over ? "overloaded" : "server_full",
                   fmt::format("{}\"{}\" is at its {} and the queue is full", over ? "" : "every server of ",
                               upstream.name(), over ? "max_in_flight" : "max_connections"));
  }
  // Nobody else looks whether an ejection has ended while all of them wait.
  upstream.refresh(request.now);
  // The first in line looks once more: room that came before it stood there has woken nobody.
  for (bool look = standing.first();; look = true) {
    if (look) {
      queue.wait_on(standing.place());  // before the pick: room that comes after it wakes anew
      auto picked = upstream.pick(request);
      if (!is_full(picked)) co_return picked;
    }
    if (auto waited = co_await standing.place().woken().wait(deadline); !waited) {
      if (waited.error().reason != "timeout") co_return std::unexpected(std::move(waited.error()));
      co_return fail(Origin::upstream, "queue_timeout", "no server of \"" + upstream.name() + "\" had room in time");
    }
    request.now = now();
  }
}

}  // namespace tandem::balance
