#include "common/process/control.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "common/async/task_group.h"
#include "common/balance/status.h"
#include "common/base/log.h"
#include "common/observe/access_log.h"
#include "common/observe/banner.h"
#include "common/observe/page.h"
#include "common/observe/readiness.h"
#include "common/process/admin_server.h"
#include "common/process/lifecycle.h"
#include "common/process/limits.h"
#include "common/process/orders.h"
#include "common/process/privileges.h"
#include "common/process/sampler.h"

namespace tandem::process {
namespace {

using observe::Registration;

int cannot_start(const Error& error) {
  log_error("{}", error.detail);
  return 1;
}

void write_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) observe::write_plain_line(line);
}

std::vector<observe::UpstreamSummary> summaries(const std::vector<std::shared_ptr<balance::Upstream>>& upstreams) {
  std::vector<observe::UpstreamSummary> all;
  for (const auto& upstream : upstreams) {
    const auto up = std::ranges::count_if(upstream->servers(), [](const auto& server) { return server->available(); });
    all.push_back(
        {upstream->name(), static_cast<std::uint32_t>(up), static_cast<std::uint32_t>(upstream->servers().size())});
  }
  return all;
}

// 1 for a server that is up, whatever an operator ordered: that is told by /status.
void collect_servers(const std::string& prefix, const std::vector<std::shared_ptr<balance::Upstream>>& upstreams,
                     observe::MetricSamples& samples) {
  for (const auto& upstream : upstreams) {
    samples.gauge(prefix + "_upstream_queued", "What waits until a server of the upstream has room.",
                  {{"upstream", upstream->name()}}, upstream->shared().queue().size());
    for (const auto& server : upstream->servers()) {
      const Labels labels = {{"upstream", upstream->name()}, {"server", server->name()}};
      const bool up = server->health() == balance::Health::up && !server->announced_draining();
      samples.gauge(prefix + "_server_up", "1 while the server's checks pass and it does not drain.", labels, up);
      samples.gauge(prefix + "_server_in_flight", "What the server serves now, connecting included.", labels,
                    server->in_flight());
    }
  }
}

void write_listeners(JsonWriter& json, const std::vector<observe::BoundListener>& listeners,
                     const ConnectionLimits* limits) {
  json.begin_array();
  for (const auto& listener : listeners) {
    json.begin_object();
    json.member("name", listener.name).member("address", listener.address.to_string());
    if (const auto limit = limits ? limits->find(listener.name) : nullptr) {
      json.member("open", limit->open()).key("max_connections");
      limit->most() == config::kUnlimited ? json.null() : json.value(limit->most());
    }
    json.end_object();
  }
  json.end_array();
}

void write_upstreams(JsonWriter& json, const std::vector<std::shared_ptr<balance::Upstream>>& upstreams) {
  const Instant at = now();
  json.begin_array();
  for (const auto& upstream : upstreams) balance::write_status(json, *upstream, at);
  json.end_array();
}

observe::AdminResponse reload_answer(Reloader& reloader) {
  const auto outcome = reloader.reload();
  if (!outcome) return {.status = 422, .body = outcome.error()};
  return {.body = *outcome + "reloaded\n"};
}

// What the admin address needs, in the order of need.
struct Administration {
  std::optional<observe::Admin> admin;
  std::optional<Sampler> sampler;
  std::vector<Registration> registrations;
  std::optional<AdminServer> server;
};

// The page, and what it shows beside /status.
void show(Administration& to, const std::string& program, observe::TrafficSource& source, Reloader& reloader) {
  const Reloader::Present& present = reloader.present();
  Sampler& sampler = to.sampler.emplace(program, source, [&]() -> const auto& { return present.upstreams; });
  to.admin->add_endpoint("GET", "/history", [&](const auto& request) { return sampler.history(request); });
  to.registrations.push_back(to.admin->add_status("traffic", [&](JsonWriter& json) { sampler.write_traffic(json); }));
  observe::add_page(*to.admin);
}

void administer(Administration& to, net::Socket socket, const ControlOptions& options, const observe::Metrics& metrics,
                Reloader& reloader, const ProgramParts& parts) {
  observe::Admin& admin =
      to.admin.emplace(observe::Admin::Options{options.program, options.version, *options.admin.listen,
                                               options.admin.token.value_or("")},
                       metrics);
  const Reloader::Present& present = reloader.present();
  auto& members = to.registrations;
  members.push_back(admin.add_status("configuration", [&](JsonWriter& json) { reloader.write_status(json); }));
  members.push_back(admin.add_status(
      "listeners", [&, limits = parts.limits](JsonWriter& json) { write_listeners(json, present.bound, limits); }));
  members.push_back(admin.add_status("upstreams", [&](JsonWriter& json) { write_upstreams(json, present.upstreams); }));
  add_orders(admin, [&]() -> const auto& { return present.upstreams; }, [&] { return reloader.refusal_of_orders(); });
  admin.add_endpoint("POST", "/reload", [&](const observe::AdminRequest&) { return reload_answer(reloader); });
  for (const auto& [name, provider] : parts.status) members.push_back(admin.add_status(name, provider));
  to.server.emplace(std::move(socket), admin);
}

async::Task<void> wind_up(Reloader& reloader, std::optional<AdminServer>& admin,
                          const std::function<async::Task<void>()>& end) {
  co_await reloader.stop();
  if (end) co_await end();
  if (admin) co_await admin->close();
  net::Reactor::current().stop();
}

// What run() has bound, on its way to the workers.
struct Bound {
  BoundSockets sockets;
  std::optional<net::Socket> admin;
  std::optional<Address> admin_address;
};

Result<Bound> bind_all(const ControlOptions& options, const ProgramParts& parts, InheritedSockets& inherited) {
  Bound bound;
  auto sockets = bind_listeners(parts.listeners, options.process.workers, &inherited);
  if (!sockets) return std::unexpected(std::move(sockets.error()));
  bound.sockets = std::move(*sockets);
  if (options.admin.listen) {
    auto admin = bind_admin(*options.admin.listen, inherited);
    if (!admin) return std::unexpected(std::move(admin.error()));
    bound.admin_address = admin->local_address();
    bound.admin = std::move(*admin);
  }
  return bound;
}

}  // namespace

Control::Control(ControlOptions options)
    : options_(std::move(options)),
      process_log_(options_.program),
      access_log_(observe::access_log_options(options_.program)) {
  set_log_level(options_.log.level);
  balance::set_metric_prefix(options_.program, options_.response_seconds);
  max_connections_ = connection_limit(options_.process.max_connections, options_.descriptors_per_connection);
  take_what_was_passed();
}

void Control::take_what_was_passed() {
  auto predecessor = Predecessor::from_environment();
  if (!predecessor) {
    not_understood_ = std::move(predecessor.error());
    return;
  }
  predecessor_ = *std::move(predecessor);
  if (!predecessor_) {
    inherited_ = InheritedSockets::from_service_manager();
    return;
  }
  inherited_ = std::move(predecessor_->sockets);
  registry_.remember(std::move(predecessor_->servers));
  registry_.remember(std::move(predecessor_->discovered));
  notes_ = std::move(predecessor_->notes);
}

int Control::run(ProgramParts parts) {
  if (not_understood_) return cannot_start(*not_understood_);
  net::Reactor reactor;
  auto bound = bind_all(options_, parts, inherited_);
  if (!bound) return cannot_start(bound.error());
  used_ = inherited_.close_rest();
  if (!options_.process.user.empty()) {
    if (auto became = become(options_.process.user); !became) return cannot_start(became.error());
  }
  if (auto opened = access_log_.redirect(options_.log.access); !opened) return cannot_start(opened.error());
  const std::vector<observe::BoundListener> listeners = bound->sockets.listeners;
  write_lines(observe::bound_banner(options_.program, options_.version, options_.file, listeners, bound->admin_address,
                                    isatty(STDERR_FILENO) == 1));

  if (bound->admin_address && !bound->admin_address->is_unix()) {
    observe::set_admin_address(bound->admin_address->to_string());
  }
  WorkerPool workers(options_.process.workers, [&](unsigned index) {
    return parts.make_worker(index, std::move(bound->sockets.by_worker[index]), access_log_);
  });
  parts.make_worker = {};  // it holds the first generation
  Reloader reloader({options_.program, std::move(parts.load_next), options_.descriptors_per_connection,
                     &service_manager_, std::move(parts.spare)},
                    {std::move(parts.listeners), listeners, std::move(parts.upstreams), options_.process,
                     options_.admin, options_.log, max_connections_, std::move(parts.build)},
                    workers, access_log_, [&](balance::Upstream& upstream, balance::Server& server) {
                      if (parts.on_health_change) parts.on_health_change(workers, upstream, server);
                    });

  std::vector<Registration> collectors;
  collectors.push_back(metrics_.add([&](auto& samples) {
    samples.gauge(options_.program + "_build_info", "1; the version is in the label.", {{"version", options_.version}},
                  1);
    collect_servers(options_.program, reloader.present().upstreams, samples);
    reloader.collect(samples);
  }));
  for (auto& collector : parts.collectors) collectors.push_back(metrics_.add(std::move(collector)));

  Administration administration;
  if (bound->admin) {
    administer(administration, *std::move(bound->admin), options_, metrics_, reloader, parts);
    if (parts.traffic) show(administration, options_.program, *parts.traffic, reloader);
    for (auto& endpoint : parts.endpoints) {
      administration.admin->add_endpoint(
          endpoint.method, endpoint.path,
          [&workers, answer = std::move(endpoint.answer)](const observe::AdminRequest& request) {
            return answer(workers, request);
          });
    }
    // In an upgrade the one before answers as long as this one does not serve.
    auto started = predecessor_ ? Result<void>() : administration.server->start();
    if (!started) return cannot_start(started.error());
  }

  if (parts.begin) parts.begin();
  if (administration.sampler) administration.sampler->start();
  Handover handover(options_.arguments,
                    {workers, reloader, registry_, service_manager_, administration.server, parts.notes});
  const auto drains = [&reloader] {
    const config::ProcessConfig& process = reloader.present().process;
    return LifecycleOptions{process.drain_delay, process.drain, process.upgrade_drain};
  };
  const int status = run_until_ended(workers, drains, hooks(reloader, handover, administration.server));
  async::TaskGroup ending;
  if (administration.sampler) administration.sampler->stop();
  ending.spawn(wind_up(reloader, administration.server, parts.end));
  reactor.run();
  return status;
}

LifecycleHooks Control::hooks(Reloader& reloader, Handover& handover, std::optional<AdminServer>& admin) {
  return {.until_checked = [&reloader] { return reloader.until_checked(); },
          .on_ready =
              [this, &reloader, &admin] {
                observe::set_readiness(observe::Readiness::ready);
                if (predecessor_ && admin) {
                  if (const auto started = admin->start(); !started) log_error("admin: {}", started.error().detail);
                }
                write_lines(observe::ready_banner(summaries(reloader.present().upstreams)));
                registry_.forget();
                // The one before tells the service manager of both: that one still is the one it listens to.
                if (!predecessor_ || !predecessor_->tell_ready(used_)) service_manager_.ready("ready");
                predecessor_.reset();
                reloader.began_accepting();
              },
          .on_draining =
              [this, &reloader] {
                service_manager_.stopping("draining");
                observe::set_readiness(observe::Readiness::draining);
                reloader.begins_to_drain();
              },
          .on_reopen_logs = [&reloader] { reloader.reopen_access_log(); },
          .on_hangup = [&reloader] { reloader.on_hangup(); },
          .until_successor_ready = [&handover] { return handover.until_successor_ready(); },
          .on_handed_over = [&handover] { handover.commit(); },
          .on_called_off = [&handover] { handover.call_off(); }};
}

}  // namespace tandem::process
