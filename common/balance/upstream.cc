#include "common/balance/upstream.h"

#include <algorithm>

namespace tandem::balance {

using namespace std::chrono_literals;

namespace {

UpstreamOptions with_servers(UpstreamOptions options, UpstreamState& state) {
  if (options.discovery) {
    options.servers = state.latest_servers();
  } else {
    state.set_latest_servers(options.servers);
  }
  return options;
}

}  // namespace

Upstream::Upstream(UpstreamOptions options, Registry* registry)
    : state_(registry ? registry->upstream(options.name) : std::make_shared<UpstreamState>(options.name)),
      options_(with_servers(std::move(options), *state_)) {
  servers_.reserve(options_.servers.size());
  for (const ServerOptions& server : options_.servers) {
    servers_.push_back(registry ? registry->server(state_, server) : std::make_shared<Server>(state_, server));
  }
}

Result<Lease> Upstream::pick(const PickRequest& request) {
  bring_up_to_date(request.now);
  const auto overloaded = [this] {
    return fail(Origin::upstream, "overloaded", "\"" + name() + "\" is at its max_in_flight");
  };
  if (at_max_in_flight()) return overloaded();
  const bool limited = options_.max_in_flight != kUnlimited;
  const auto view = view_.read();
  bool full = false;
  bool over = false;
  const bool kept = state_->pick_log().due(request.now);
  const auto claim_of = [&](const std::unique_ptr<const Picker>& picker, const PickRequest& asked) -> Result<Lease> {
    if (!picker) return fail(Origin::upstream, "no_healthy_server");
    PickRecord record;
    record.at = request.now;
    if (kept) record.rivals = picker->rivals(asked);
    const Claim claim = picker->claim(asked);
    full = full || claim.full;
    if (!claim.candidate) return fail(Origin::upstream, "no_healthy_server");
    if (limited && !state_->enter(options_.max_in_flight)) {  // another pick was quicker
      (*claim.candidate)->release();
      over = true;
      return overloaded();
    }
    (*claim.candidate)->on_picked();
    if (kept) {
      record.server = (*claim.candidate)->name();
      state_->pick_log().add(std::move(record));
    }
    return Lease(*claim.candidate->server, limited);
  };
  for (PickRequest asked = request;; asked.tried = {}) {
    for (const auto* picker : {&view->primaries, &view->backups, &view->last_resort}) {
      if (auto lease = claim_of(*picker, asked)) return lease;
      if (over) return overloaded();
      if (full) break;  // wait for a primary rather than wear out the backups
    }
    if (full || asked.tried.empty()) break;
  }
  if (full)
    return fail(Origin::upstream, "server_full", "every server of \"" + name() + "\" is at its max_connections");
  return fail(Origin::upstream, "no_healthy_server", "no server of \"" + name() + "\" is available");
}

void Upstream::bring_up_to_date(Instant now) {
  bool first = false;
  {
    const auto view = view_.read();
    if (!is_due(view.get(), now)) return;
    first = !view;
  }
  // One thread makes the new tables; the others go on with the old ones. Only the very first must be waited for.
  std::unique_lock lock(building_, std::defer_lock);
  if (first) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return;
  }
  if (is_due(view_.read().get(), now)) build(now);
}

bool Upstream::has_available_server() const {
  return std::ranges::any_of(servers_, [](const auto& server) { return server->available(); });
}

bool Upstream::is_due(const View* view, Instant now) const {
  return !view || view->changes != state_->changes() || now >= view->valid_until;
}

void Upstream::refresh(Instant now) {
  const std::scoped_lock lock(building_);
  if (is_due(view_.read().get(), now)) build(now);
}

void Upstream::build(Instant now) {
  if (!std::exchange(in_use_, true)) {
    turn_ = state_->configure(options_.eject, {servers_.begin(), servers_.end()});
    if (options_.health.check == CheckKind::off) {
      for (const auto& server : servers_) server->set_health(Health::up, now);
    }
  }
  auto view = std::make_unique<View>();
  std::size_t available = 0;
  std::size_t undecided = 0;
  for (const auto& server : servers_) server->end_ejection_if_over(now);
  view->changes = state_->changes();  // before the states are read: a change from here on asks for the next build
  for (const auto& server : servers_) {
    available += server->available();
    undecided += server->health() == Health::checking;
    if (server->ejected()) view->valid_until = std::min(view->valid_until, server->ejected_until());
    if (server->starting_slowly(options_.slow_start, now)) {
      view->valid_until = std::min(view->valid_until, now + std::max<Duration>(options_.slow_start / 20, 100ms));
    }
  }
  {
    const auto old = view_.read();  // let go before publish(), which frees what nobody reads
    view->primaries =
        make_picker(options_.balance, candidates(false, false, now), old ? old->primaries.get() : nullptr);
    view->backups = make_picker(options_.balance, candidates(true, false, now), old ? old->backups.get() : nullptr);
  }
  if (available == 0 && options_.when_none == WhenNone::try_all) {
    std::vector<Candidate> all = candidates(false, true, now);
    std::ranges::copy(candidates(true, true, now), std::back_inserter(all));
    view->last_resort = make_picker(options_.balance, std::move(all), nullptr);
  }
  state_->note_available(turn_, available, undecided, options_.when_none);
  view_.publish(std::move(view));
}

std::vector<Candidate> Upstream::candidates(bool backups, bool any_state, Instant now) const {
  const bool only_trials = options_.health.check == CheckKind::tcp || options_.health.check == CheckKind::off;
  // A key's server must not change with every step of a slow start.
  const Duration slow_start = is_hashed(options_.balance) ? Duration::zero() : options_.slow_start;
  std::vector<Candidate> found;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const ServerOptions& options = options_.servers[i];
    const double weight = servers_[i]->weight(options.weight, slow_start, now);
    if (options.backup != backups || weight <= 0) continue;
    found.push_back({.server = &servers_[i],
                     .weight = weight,
                     .max = options.max_connections,
                     .any_state = any_state,
                     .only_trials_clear = only_trials});
  }
  return found;
}

}  // namespace tandem::balance
