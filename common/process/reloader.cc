#include "common/process/reloader.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/async/sleep.h"
#include "common/base/log.h"
#include "common/config/checks.h"
#include "common/process/limits.h"

namespace tandem::process {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPace = 1s;  // between two generations that discovery asks for

Counter reloads(const std::string& program, const char* result) {
  return Counters::counter(program + "_reloads_total", "Reloads of the configuration, by how they ended.",
                           {{"result", result}});
}

async::Task<void> first_round(std::shared_ptr<balance::Checker> checker) { co_await checker->until_first_round(); }

async::Task<void> retire(std::shared_ptr<balance::Checker> checker) { co_await checker->retire(); }

std::vector<ListenerAddress>::const_iterator find_same(const std::vector<ListenerAddress>& listeners,
                                                       const ListenerAddress& listener) {
  return std::ranges::find_if(listeners, [&](const auto& other) { return same_listener(listener, other); });
}

void log_lines(LogLevel level, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) log_at(level, "{}", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

Reloader::Reloader(Options options, Present present, WorkerPool& workers, observe::LogSink& access_log,
                   balance::Checker::OnChange on_change)
    : options_(std::move(options)),
      workers_(workers),
      access_log_(access_log),
      on_change_(std::move(on_change)),
      done_(reloads(options_.program, "done")),
      failed_(reloads(options_.program, "failed")),
      present_(std::move(present)),
      memory_(options_.spare),
      checker_(std::make_shared<balance::Checker>(present_.upstreams, on_change_)),
      discovery_({.on_change = [this] { on_discovered(); },
                  .is_own = [this](const Address& server) { return is_own(server); }}) {
  memory_.set_limit(present_.process.max_memory);
}

void Reloader::reopen_access_log() {
  if (auto reopened = access_log_.redirect(present_.log.access); !reopened) {
    log_error("the access log stays as it was: {}", reopened.error().detail);
  }
}

void Reloader::on_hangup() {
  if (phase_ == Phase::starting || phase_ == Phase::upgrading) {
    waits_for_start_ = true;
    return;
  }
  if (!reload()) reopen_access_log();  // a reload that worked has done so
}

void Reloader::began_accepting() {
  phase_ = Phase::running;
  if (std::exchange(discovered_, false)) on_discovered();
  if (std::exchange(waits_for_start_, false)) on_hangup();
}

bool Reloader::upgrade_failed() {
  if (phase_ != Phase::upgrading) return false;
  began_accepting();
  return true;
}

bool Reloader::succeeded() {
  phase_ = Phase::succeeded;
  return std::exchange(waits_for_start_, false);
}

std::string_view Reloader::refusal() const {
  switch (phase_) {
    case Phase::starting: return "the program still starts; try again when it is ready";
    case Phase::upgrading: return "an upgrade is under way; try again when it is done";
    case Phase::succeeded: return "another process serves now, and this one will end; try again";
    case Phase::draining: return "the program drains and will end";
    case Phase::running: break;
  }
  return {};
}

std::expected<std::string, std::string> Reloader::reload() {
  auto outcome = reload_told();
  last_reload_ = wall_now();
  last_error_ = outcome ? std::string() : outcome.error();
  (outcome ? done_ : failed_).add();
  if (outcome) {
    log_info("reload: configuration {} is in force", generation_);
  } else {
    log_error("reload: nothing has changed, the configuration is wrong or cannot be used");
    log_lines(LogLevel::error, last_error_);
  }
  return outcome;
}

std::expected<std::string, std::string> Reloader::reload_told() {
  if (!refusal().empty()) return std::unexpected(std::string(refusal()) + '\n');
  ServiceManager* manager = options_.service_manager;
  if (manager) manager->reloading();
  auto outcome = try_reload();
  if (manager) {
    manager->ready(outcome ? fmt::format("ready, configuration {}", generation_)
                           : "ready; the last reload failed and has changed nothing");
  }
  return outcome;
}

std::expected<std::string, std::string> Reloader::try_reload() {
  auto next = options_.load();
  if (!next) return std::unexpected(std::move(next.error()));

  std::vector<std::size_t> fresh;  // listeners whose sockets are to be bound, by index
  std::vector<ListenerAddress> to_bind;
  std::vector<observe::BoundListener> bound_now;
  for (std::size_t i = 0; i < next->listeners.size(); ++i) {
    const ListenerAddress& listener = next->listeners[i];
    const auto known = find_same(present_.listeners, listener);
    bound_now.push_back({listener.name, listener.address});
    if (known == present_.listeners.end()) {
      fresh.push_back(i);
      to_bind.push_back(listener);
    } else {
      bound_now[i].address = present_.bound[static_cast<std::size_t>(known - present_.listeners.begin())].address;
    }
  }
  auto bound = bind_listeners(to_bind, workers_.size());
  if (!bound) return std::unexpected(bound.error().detail + "\n");
  for (std::size_t i = 0; i < fresh.size(); ++i) bound_now[fresh[i]].address = bound->listeners[i].address;
  if (auto opened = access_log_.redirect(next->log.access); !opened)
    return std::unexpected(opened.error().detail + "\n");

  // From here on nothing can fail.
  log_lines(LogLevel::warn, next->warnings);
  std::string not_taken = what_needs_a_restart(*next);
  log_lines(LogLevel::warn, not_taken);
  set_log_level(next->log.level);
  memory_.set_limit(next->process.max_memory);
  const std::uint32_t limit = connection_limit(next->process.max_connections, options_.descriptors_per_connection);
  const std::uint32_t workers = present_.process.workers;
  std::string user = std::move(present_.process.user);
  present_ = {std::move(next->listeners), std::move(bound_now), {}, next->process, present_.admin, next->log, limit,
              std::move(next->build)};
  present_.process.workers = workers;
  present_.process.user = std::move(user);
  put_in_force(std::move(*bound), fresh);
  ++generation_;
  return not_taken;
}

void Reloader::put_in_force(BoundSockets bound, const std::vector<std::size_t>& fresh) {
  discovered_ = false;
  adopted_at_ = now();
  const NextGeneration next = present_.build(present_.max_connections);
  present_.upstreams = next.upstreams;
  discovery_.follow(present_.upstreams, present_.process.resolvers);
  replace_checker();
  hand_to_workers(next, std::move(bound), fresh, present_.listeners.size());
  if (next.adopted) next.adopted();
}

void Reloader::hand_to_workers(const NextGeneration& next, BoundSockets bound, const std::vector<std::size_t>& fresh,
                               std::size_t listeners) {
  workers_.run_on_each([&](unsigned worker, WorkerProgram& program) {
    std::vector<net::Sockets> sockets(listeners);
    for (std::size_t i = 0; i < fresh.size(); ++i) sockets[fresh[i]] = std::move(bound.by_worker[worker][i]);
    next.hand_over(program, std::move(sockets));
  });
}

// What is known of a server stays with the server. A new one gets no traffic before its first good check.
void Reloader::replace_checker() {
  auto before = std::exchange(checker_, std::make_shared<balance::Checker>(present_.upstreams, on_change_));
  if (phase_ == Phase::starting) return;  // none has begun yet
  std::erase_if(retiring_, [](const auto& one) { return one.expired(); });
  retiring_.push_back(before);
  tasks_.spawn(retire(std::move(before)));
  checker_->start();
  tasks_.spawn(first_round(checker_));
}

async::Task<void> Reloader::until_checked() {
  discovery_.follow(present_.upstreams, present_.process.resolvers);
  if (!co_await discovery_.until_first_round()) co_return;
  if (discovered_) put_in_force({}, {});
  checker_->start();
  co_await checker_->until_first_round();
}

void Reloader::on_discovered() {
  if (std::exchange(discovered_, true) || phase_ != Phase::running) return;
  tasks_.spawn(adopt_discovered_soon());
}

// At once, unless the last generation is quite young: what changes together is put in force together.
async::Task<void> Reloader::adopt_discovered_soon() {
  if (!co_await async::sleep_until(std::max(adopted_at_ + kPace, now()))) co_return;
  if (discovered_ && phase_ == Phase::running) put_in_force({}, {});
}

bool Reloader::is_own(const Address& server) const {
  return std::ranges::any_of(present_.bound,
                             [&](const auto& listener) { return config::reaches(server, listener.address); });
}

std::string Reloader::what_needs_a_restart(const NextConfiguration& next) const {
  std::string not_taken;
  const auto warn = [&](std::string_view what, std::string_view how = "an upgrade (USR2) or a restart") {
    not_taken += fmt::format("reload: {} changes only by {}\n", what, how);
  };
  if (next.process.workers != present_.process.workers) warn("process.workers");
  if (next.process.user != present_.process.user) warn("process.user", "a restart");
  for (const ListenerAddress& listener : next.listeners) {
    const auto known = find_same(present_.listeners, listener);
    if (known != present_.listeners.end() && known->mode != listener.mode) {
      warn(fmt::format("the mode of listener \"{}\"", listener.name), "a restart, when its socket is made");
    }
  }
  if (next.admin.token != present_.admin.token) warn("admin.token");
  const bool had = present_.admin.listen.has_value();
  if (next.admin.listen.has_value() != had ||
      (had && next.admin.listen->to_string() != present_.admin.listen->to_string())) {
    warn("admin.listen");
  }
  return not_taken;
}

void Reloader::write_status(JsonWriter& json) const {
  json.begin_object().member("generation", generation_);
  json.key("last_reload");
  if (!last_reload_) {
    json.null();
  } else {
    json.begin_object();
    json.member("time", to_rfc3339(*last_reload_));
    json.member("result", last_error_.empty() ? "done" : "failed");
    if (!last_error_.empty()) json.member("error", last_error_);
    json.end_object();
  }
  json.end_object();
}

void Reloader::collect(observe::MetricSamples& samples) const {
  samples.gauge(options_.program + "_config_generation", "Number of the configuration in force; 1 at start.", {},
                static_cast<double>(generation_));
  samples.gauge(options_.program + "_memory_short", "1 while more than max_memory is resident: new work is refused.",
                {}, memory_is_short());
}

async::Task<void> Reloader::stop() {
  tasks_.cancel(Error{Origin::internal, "stopped", false, {}});
  for (const auto& one : retiring_) {
    if (const auto checker = one.lock()) checker->cancel();
  }
  co_await discovery_.stop();
  co_await checker_->stop();
  co_await tasks_.until_empty();
}

}  // namespace tandem::process
