#include "common/balance/checker.h"

#include <algorithm>

#include "common/async/sleep.h"
#include "common/base/log.h"

namespace tandem::balance {

using namespace std::chrono_literals;

namespace {

double jitter() { return static_cast<double>(random_number() >> 11) * 0x1p-53; }

}  // namespace

Checker::Checker(std::vector<std::shared_ptr<Upstream>> upstreams, OnChange on_change)
    : upstreams_(std::move(upstreams)), on_change_(std::move(on_change)) {}

Checker::~Checker() {
  checks_.cancel(Error{Origin::internal, "stopped", false, {}});
  while (checks_.size() > 0) async::Scheduler::current().drain();
}

void Checker::start() {
  const Instant begin = now();
  first_round_ends_ = begin;
  std::vector<std::pair<std::shared_ptr<Upstream>, std::size_t>> checked;
  for (const auto& upstream : upstreams_) {
    upstream->refresh(begin);
    if (upstream->options().health.check == CheckKind::off) continue;
    first_round_ends_ = std::max(first_round_ends_, deadline_after(begin, upstream->options().health.timeout + 1s));
    for (std::size_t i = 0; i < upstream->servers().size(); ++i) {
      checked.emplace_back(upstream, i);
      unchecked_ += !upstream->servers()[i]->tracker().checked();
    }
  }
  if (unchecked_ == 0) all_checked_.set();
  for (auto& [upstream, index] : checked) checks_.spawn(watch(std::move(upstream), index));
}

async::Task<void> Checker::watch(std::shared_ptr<Upstream> upstream, std::size_t index) {
  const HealthOptions& options = upstream->options().health;
  Server& server = *upstream->servers()[index];
  // A server that an earlier generation has checked goes on in its rhythm; a new one is looked at now.
  if (server.tracker().checked()) {
    const auto part = static_cast<Duration::rep>(static_cast<double>(options.every.count()) * jitter());
    if (!co_await pause(Duration(part))) co_return;
  }
  while (true) {
    auto outcome = co_await probe(upstream->options(), server.address());
    if (checks_.scope().cancelled()) co_return;
    if (outcome) note(*upstream, server, std::move(*outcome), now());
    if (!co_await pause(server.tracker().next_in(options, jitter()))) co_return;
  }
}

async::Task<bool> Checker::pause(Duration length) {
  co_return (co_await async::within(pauses_, async::sleep_for(length))).has_value();
}

void Checker::note(Upstream& upstream, Server& server, CheckOutcome outcome, Instant now) {
  const bool first = !server.tracker().checked();
  const HealthOptions& options = upstream.options().health;
  if (outcome.passed) {
    server.on_check_passed(options.check != CheckKind::tcp, now);
    // A restart that no check has seen leaves an ejection behind, which would outlast the restart of the next server.
    if (!options.port && server.on_check_connected(now)) {
      log_info("upstream \"{}\": server {} is no longer ejected: a check has connected", upstream.name(),
               server.name());
      upstream.refresh(now);
    }
  }
  if (server.tracker().record(std::move(outcome), options, now)) publish(upstream, server, now);
  if (first && unchecked_ > 0 && --unchecked_ == 0) all_checked_.set();
}

void Checker::publish(Upstream& upstream, Server& server, Instant now) {
  const HealthTracker& tracker = server.tracker();
  const Health before = server.health();
  server.set_health(tracker.health(), now);  // first: one that drained and is down now must not look available between
  server.set_announced_draining(tracker.draining(), now);
  if (tracker.health() == Health::down) {
    log_warn("upstream \"{}\": server {} is down: {}", upstream.name(), server.name(), tracker.why());
  } else if (tracker.draining()) {
    log_info("upstream \"{}\": server {} is draining: {}", upstream.name(), server.name(), tracker.why());
  } else if (before == Health::up) {
    log_info("upstream \"{}\": server {} no longer drains", upstream.name(), server.name());
  } else {
    // At boot the banner tells; one line for each server would only hide it.
    log_at(before == Health::checking ? LogLevel::debug : LogLevel::info, "upstream \"{}\": server {} is up",
           upstream.name(), server.name());
  }
  upstream.refresh(now);
  if (on_change_) on_change_(upstream, server);
}

async::Task<void> Checker::until_first_round() {
  if (unchecked_ > 0) (void)co_await all_checked_.wait(first_round_ends_);
  if (!stopped_) end_first_round();
}

void Checker::end_first_round() {
  const Instant at = now();
  for (const auto& upstream : upstreams_) {
    if (upstream->options().health.check == CheckKind::off) continue;
    for (const auto& server : upstream->servers()) {
      if (server->tracker().end_first_round(at)) publish(*upstream, *server, at);
    }
  }
}

async::Task<void> Checker::retire() {
  end(pauses_);
  co_await checks_.until_empty();
}

async::Task<void> Checker::stop() {
  end(checks_.scope());
  co_await checks_.until_empty();
}

void Checker::end(async::CancelScope& scope) {
  stopped_ = true;
  all_checked_.set();
  scope.cancel(Error{Origin::internal, "stopped", false, {}});
}

}  // namespace tandem::balance
