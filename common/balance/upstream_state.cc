#include "common/balance/upstream_state.h"

#include "common/balance/server.h"
#include "common/base/log.h"

namespace tandem::balance {

using namespace std::chrono_literals;

std::uint64_t UpstreamState::configure(const EjectOptions& options, std::vector<std::weak_ptr<Server>> servers) {
  const std::scoped_lock lock(mutex_);
  eject_ = options;
  servers_ = std::move(servers);
  eject_after_ = options.after;
  return ++turn_;
}

void UpstreamState::on_tripped(Server& server, Instant now) {
  // Taken out of the lock's reach when it ends: a last reference must not die while the mutex is held.
  std::vector<std::shared_ptr<Server>> held;
  const std::scoped_lock lock(mutex_);
  server.ejection_.tripped_at = now;
  EjectionCounts counts;
  bool member = false;
  for (const auto& weak : servers_) {
    auto other = weak.lock();
    if (!other) continue;
    ++counts.servers;
    if (other->ejection_.tripped_at != Instant{} && now - other->ejection_.tripped_at < kEjectionInterval)
      ++counts.tripped;
    if (other.get() == &server) {
      member = true;
    } else {
      counts.ejected += other->ejected();
      counts.others_available += other->available();
    }
    held.push_back(std::move(other));
  }
  if (!member || server.ejected()) return;  // one that the configuration no longer names gets nothing anyway
  const EjectionVerdict verdict = judge_ejection(eject_, counts);
  if (verdict == EjectionVerdict::eject) {
    const Duration length = begin_ejection(eject_, server.ejection_, now);
    server.eject(now + length);
    log_warn("upstream \"{}\": server {} is ejected for {} s: {} failures in a row, last: {}", name_, server.name(),
             std::chrono::duration_cast<std::chrono::seconds>(length).count(), server.failures_in_a_row(),
             failure_text(server.last_failure()));
    return;
  }
  if (warned_at_ != Instant{} && now - warned_at_ < kEjectionInterval) return;
  warned_at_ = now;
  const char* why = verdict == EjectionVerdict::half_fails ? "half of the upstream fails at once"
                    : verdict == EjectionVerdict::too_many ? "as many as `max` allows are ejected already"
                                                           : "no other server could take its share";
  log_warn("upstream \"{}\": server {} keeps failing ({} in a row, last: {}) but is not ejected: {}", name_,
           server.name(), server.failures_in_a_row(), failure_text(server.last_failure()), why);
}

bool UpstreamState::enter(std::uint32_t max) {
  std::uint32_t seen = in_flight();
  do {
    if (seen >= max) return false;
  } while (!in_flight_.compare_exchange_weak(seen, seen + 1, std::memory_order_seq_cst));
  return true;
}

void UpstreamState::set_medians(double response, double connect, bool suspicion_ignored) {
  median_response_.store(response, std::memory_order_relaxed);
  median_connect_.store(connect, std::memory_order_relaxed);
  suspicion_ignored_.store(suspicion_ignored, std::memory_order_relaxed);
}

bool UpstreamState::medians_due(Instant now) {
  Instant::rep due = medians_due_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  return medians_due_.compare_exchange_strong(due, (now + 100ms).time_since_epoch().count(), std::memory_order_relaxed);
}

void UpstreamState::note_available(std::uint64_t turn, std::size_t available, std::size_t undecided,
                                   WhenNone when_none) {
  const std::scoped_lock lock(mutex_);
  if (turn != turn_) return;
  if (available > 0 && none_left_) {
    none_left_ = false;
    log_info("upstream \"{}\": a server is available again", name_);
  } else if (available == 0 && undecided == 0 && !none_left_) {
    none_left_ = true;
    log_error("upstream \"{}\": no server is available: {}", name_,
              when_none == WhenNone::try_all ? "all are tried, whatever their state (when_none = \"try_all\")"
                                             : "everything for it is refused until one is back");
  }
}

}  // namespace tandem::balance
