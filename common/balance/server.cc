#include "common/balance/server.h"

#include <algorithm>

namespace tandem::balance {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFailureSample = 250ms;  // at least; a server that fails fast must not look fast
constexpr Duration kLongestSample = 1s;     // or 20 medians: a long poll says nothing of the server
constexpr Duration kFirstTrial = 1s;
constexpr Duration kLongestTrial = 30s;

struct MetricNames {
  std::string prefix = "balance";
  std::string response = "response_seconds";
};
MetricNames& metric_names() {
  static MetricNames names;
  return names;
}
Histogram histogram(std::string_view name, std::string_view help, const std::string& upstream,
                    const std::string& server) {
  return Counters::histogram(metric_names().prefix + "_" + std::string(name), help,
                             {{"upstream", upstream}, {"server", server}});
}
Instant::rep ticks(Instant when) { return when.time_since_epoch().count(); }
Instant instant(Instant::rep ticks) { return Instant(Duration(ticks)); }

}  // namespace

void set_metric_prefix(std::string_view prefix, std::string_view response_seconds) {
  metric_names() = {std::string(prefix), std::string(response_seconds)};
}

std::string_view failure_text(FailureKind kind) {
  switch (kind) {
    case FailureKind::none: return "none";
    case FailureKind::refused: return "connection refused";
    case FailureKind::timeout: return "no connection in time";
    case FailureKind::reset: return "connection reset";
    case FailureKind::closed_before_first_byte: return "closed before the first byte";
    case FailureKind::tls: return "the TLS handshake failed";
  }
  return "";
}

Server::Server(std::shared_ptr<UpstreamState> upstream, const ServerOptions& options)
    : upstream_(std::move(upstream)),
      name_(options.name.empty() ? options.address.to_string() : options.name),
      address_(options.address),
      picks_(Counters::counter(metric_names().prefix + "_picks_total", "Times a server was picked.",
                               {{"upstream", upstream_->name()}, {"server", name_}})),
      connect_seconds_(histogram("connect_seconds", "Time to connect to a server.", upstream_->name(), name_)),
      response_seconds_(histogram(metric_names().response,
                                  "Time from the last byte sent to a server to the first byte back.", upstream_->name(),
                                  name_)) {}

bool Server::usable_in_need() const { return admin() == Admin::enabled && !announced_draining(); }

bool Server::claim(std::uint32_t max) {
  // Sequentially consistent with release() and WaitQueue: one who joins the queue and then looks must see what was
  // released by those who did not see it join.
  std::uint32_t seen = in_flight_.load(std::memory_order_seq_cst);
  do {
    if (seen >= max) return false;
  } while (!in_flight_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel, std::memory_order_relaxed));
  return true;
}

bool Server::claim_from(std::uint32_t seen) {
  return in_flight_.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel, std::memory_order_relaxed);
}

void Server::release() {
  in_flight_.fetch_sub(1, std::memory_order_seq_cst);
  upstream_->queue().wake_one();
}

void Server::on_picked() { picks_.add(); }

void Server::on_connected(Duration after, Instant now) {
  connect_failures_.store(0, std::memory_order_relaxed);
  connect_.add(after, now);
  connect_seconds_.observe(after);
}

void Server::on_failed(FailureKind kind, Instant now) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  last_failure_.store(kind, std::memory_order_relaxed);
  const bool connecting = kind == FailureKind::refused || kind == FailureKind::timeout || kind == FailureKind::tls;
  const double median = connecting ? upstream_->median_connect() : upstream_->median_response();
  const Duration slow = std::max(kFailureSample, Duration(static_cast<Duration::rep>(10 * median)));
  (connecting ? connect_ : response_).add(slow, now);
  auto& row = connecting ? connect_failures_ : answer_failures_;
  trip(row.fetch_add(1, std::memory_order_relaxed) + 1, now);
}

void Server::trip(std::uint32_t failures, Instant now) {
  const std::uint32_t after = upstream_->eject_after();
  if (after == kUnlimited || after == 0 || failures % after != 0) return;  // asked again after as many more
  upstream_->on_tripped(*this, now);
}

void Server::on_turnaround_started(Instant now) {
  // Storing first would let a silent server look as if it had just answered.
  if (open_turnarounds_.fetch_add(1, std::memory_order_relaxed) == 0)
    heard_at_.store(ticks(now), std::memory_order_relaxed);
}

void Server::on_turnaround(Duration took, Instant now) {
  heard_at_.store(ticks(now), std::memory_order_relaxed);
  open_turnarounds_.fetch_sub(1, std::memory_order_relaxed);
  if (answer_failures_.load(std::memory_order_relaxed) != 0) answer_failures_.store(0, std::memory_order_relaxed);
  if (trial_interval_.load(std::memory_order_relaxed) != 0) trial_interval_.store(0, std::memory_order_relaxed);
  const Duration cap =
      std::max(kLongestSample, Duration(static_cast<Duration::rep>(20 * upstream_->median_response())));
  response_.add(std::min(took, cap), now);
  response_seconds_.observe(took);
}

std::uint32_t Server::failures_in_a_row() const {
  return std::max(connect_failures_.load(std::memory_order_relaxed), answer_failures_.load(std::memory_order_relaxed));
}

Duration Server::silent_for(Instant now) const {
  if (open_turnarounds_.load(std::memory_order_relaxed) == 0) return Duration::zero();
  return std::max(now - instant(heard_at_.load(std::memory_order_relaxed)), Duration::zero());
}

bool Server::claim_trial(Instant now) {
  Instant::rep due = trial_at_.load(std::memory_order_relaxed);
  if (ticks(now) < due) return false;
  const Duration last(trial_interval_.load(std::memory_order_relaxed));
  const Duration next = last == Duration::zero() ? kFirstTrial : std::min(last * 2, kLongestTrial);
  if (!trial_at_.compare_exchange_strong(due, ticks(now + next), std::memory_order_relaxed)) return false;
  trial_interval_.store(next.count(), std::memory_order_relaxed);
  return last != Duration::zero();  // the first call only begins the first interval
}

double Server::weight(std::uint32_t configured, Duration slow_start, Instant now) const {
  const double full = runtime_weight(configured).value_or(configured);
  if (!starting_slowly(slow_start, now)) return full;
  const Duration age = now - instant(available_since_.load(std::memory_order_relaxed));
  return full * std::max(0.05, static_cast<double>(age.count()) / static_cast<double>(slow_start.count()));
}

bool Server::starting_slowly(Duration slow_start, Instant now) const {
  const Instant::rep since = available_since_.load(std::memory_order_relaxed);
  return since != 0 && slow_start > Duration::zero() && now - instant(since) < slow_start;
}

bool Server::on_check_connected(Instant now) {
  if (!ejected() || last_failure() != FailureKind::refused) return false;
  connect_failures_.store(0, std::memory_order_relaxed);
  return change(kEjected, 0, now);
}

bool Server::end_ejection_if_over(Instant now) {
  if (!ejected() || now < ejected_until()) return false;
  connect_failures_.store(0, std::memory_order_relaxed);
  answer_failures_.store(0, std::memory_order_relaxed);
  return change(kEjected, 0, now);
}

void Server::eject(Instant until) {
  ejected_until_.store(ticks(until), std::memory_order_relaxed);
  change(kEjected, kEjected, until);
}

void Server::set_health(Health health, Instant now) {
  std::uint32_t mask = kHealthMask;
  // Coming up again ends an ejection too: what was ejected for has been seen, and mended.
  if (health == Health::up && this->health() == Health::down) mask |= kEjected;
  change(mask, static_cast<std::uint32_t>(health), now);
}

void Server::set_announced_draining(bool draining, Instant now) { change(kAnnounced, draining ? kAnnounced : 0, now); }

void Server::set_admin(Admin admin, Instant now) {
  change(kAdminMask, static_cast<std::uint32_t>(admin) << kAdminShift, now);
}

// Replaces the bits of `mask`. A server that becomes available this way starts slowly, except with its first check.
bool Server::change(std::uint32_t mask, std::uint32_t value, Instant now) {
  std::uint32_t old = state_.load(std::memory_order_relaxed);
  std::uint32_t next = 0;
  do {
    next = (old & ~mask) | value;
    if (next == old) return false;
    if (next == kAvailable && static_cast<Health>(old & kHealthMask) != Health::checking) {
      available_since_.store(ticks(now), std::memory_order_relaxed);
    }
  } while (!state_.compare_exchange_weak(old, next, std::memory_order_acq_rel, std::memory_order_relaxed));
  upstream_->changed();
  return true;
}

namespace {
constexpr std::uint64_t kWeightSet = std::uint64_t{1} << 63;
std::uint64_t weight_word(std::uint32_t configured, std::uint32_t value) {
  return kWeightSet | std::uint64_t{configured & 0x7fff'ffffU} << 32 | value;
}
}  // namespace

void Server::set_runtime_weight(std::optional<std::uint32_t> weight, std::uint32_t configured) {
  runtime_weight_.store(weight ? weight_word(configured, *weight) : 0, std::memory_order_relaxed);
  upstream_->changed();
}

std::optional<std::uint32_t> Server::runtime_weight(std::uint32_t configured) const {
  const std::uint64_t word = runtime_weight_.load(std::memory_order_relaxed);
  if (word == 0 || word != weight_word(configured, static_cast<std::uint32_t>(word))) return std::nullopt;
  return static_cast<std::uint32_t>(word);
}

void Server::on_check_passed(bool above_tcp, Instant now) {
  if (!above_tcp) return;
  heard_at_.store(ticks(now), std::memory_order_relaxed);
  trial_interval_.store(0, std::memory_order_relaxed);
}

// ---- from one process to the next

ServerMemory Server::memory() const {
  return {.upstream = upstream(),
          .address = address_.to_string(),
          .name = name_,
          .health = tracker_.memory(),
          .admin = admin(),
          .last_failure = last_failure(),
          .runtime_weight = runtime_weight_.load(std::memory_order_relaxed),
          .response = response_.word(),
          .connect = connect_.word(),
          .picks = picks_.value(),
          .failures = failures(),
          .available_since = instant(available_since_.load(std::memory_order_relaxed)),
          .ejected_until = ejected() ? ejected_until() : Instant{}};
}

void Server::recall(ServerMemory memory) {
  std::uint32_t state = static_cast<std::uint32_t>(memory.health.health) | static_cast<std::uint32_t>(memory.admin)
                                                                               << kAdminShift;
  if (memory.health.draining) state |= kAnnounced;
  if (memory.ejected_until != Instant{}) state |= kEjected;
  state_.store(state, std::memory_order_release);
  last_failure_.store(memory.last_failure, std::memory_order_relaxed);
  runtime_weight_.store(memory.runtime_weight, std::memory_order_relaxed);
  available_since_.store(ticks(memory.available_since), std::memory_order_relaxed);
  ejected_until_.store(ticks(memory.ejected_until), std::memory_order_relaxed);
  failures_.store(memory.failures, std::memory_order_relaxed);
  picks_.add(memory.picks);
  response_.recall(memory.response);
  connect_.recall(memory.connect);
  tracker_.recall(std::move(memory.health));
  upstream_->changed();
}

}  // namespace tandem::balance
