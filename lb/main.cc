// lb: a balancer for TCP connections. Reads the command line and the configuration, then runs one Control and a Worker
// a thread.
#include "common/http/head_parser.h"
#include "common/observe/certificates.h"
#include "common/process/commands.h"
#include "common/process/control.h"
#include "common/process/loading.h"
#include "common/process/versions.h"
#include "lb/config.h"
#include "lb/connections_admin.h"
#include "lb/generation.h"
#include "lb/traffic.h"
#include "lb/traffic_source.h"
#include "lb/worker.h"

namespace {

using namespace tandem;

void close_connections_to(process::WorkerPool& workers, const balance::Upstream& upstream, balance::Server& server) {
  if (upstream.options().on_down != balance::OnDown::close || server.health() != balance::Health::down) return;
  workers.post_each(
      [&server](process::WorkerProgram& worker) { static_cast<lb::Worker&>(worker).close_connections_to(server); });
}

process::NextGeneration hand_over(const std::shared_ptr<lb::Generation>& next, lb::Lasting& lasting) {
  return {.upstreams = next->upstreams,
          .hand_over =
              [next](process::WorkerProgram& worker, std::vector<net::Sockets> sockets) {
                static_cast<lb::Worker&>(worker).adopt(next, std::move(sockets));
              },
          .adopted = [config = next->loaded, &lasting] { lasting.present = config; }};
}

process::BuildGeneration builder(std::shared_ptr<const lb::LbConfig> config, process::Control& control,
                                 lb::Lasting& lasting) {
  return [config = std::move(config), &control, &lasting](std::uint32_t most) {
    return hand_over(std::make_shared<lb::Generation>(config, control.registry(), lasting, most), lasting);
  };
}

process::ProgramParts parts(const std::shared_ptr<lb::Generation>& generation, lb::Lasting& lasting) {
  process::ProgramParts parts;
  parts.listeners = process::listener_addresses(generation->config);
  parts.upstreams = generation->upstreams;
  parts.make_worker = [generation](unsigned, std::vector<net::Sockets> sockets, observe::LogSink& access_log) {
    return std::make_unique<lb::Worker>(generation, std::move(sockets), access_log);
  };
  parts.on_health_change = [](process::WorkerPool& workers, balance::Upstream& upstream, balance::Server& server) {
    close_connections_to(workers, upstream, server);
  };
  parts.endpoints.push_back({"GET", "/connections", lb::tell_connections});
  parts.endpoints.push_back({"GET", "/errors", lb::tell_errors});
  parts.limits = &lasting.limits;
  parts.status.emplace_back("certificates", [&lasting](JsonWriter& json) {
    observe::write_certificates(json, observe::shown_certificates(lasting.present->listeners));
  });
  parts.traffic = std::make_unique<lb::TrafficSource>(lasting);
  parts.collectors.push_back([&lasting](observe::MetricSamples& samples) {
    lasting.counts.collect(samples);
    observe::collect_certificates(samples, "lb", observe::shown_certificates(lasting.present->listeners));
  });
  return parts;
}

int run(lb::LbConfig config, const std::string& file, std::vector<std::string> arguments,
        std::function<config::LoadResult<lb::LbConfig>()> load) {
  process::ControlOptions options;
  options.arguments = std::move(arguments);
  options.program = "lb";
  options.version = TANDEM_VERSION;
  options.file = file;
  options.process = config.process;
  options.admin = config.admin;
  options.log = config.log;
  process::Control control(std::move(options));
  lb::Lasting lasting(control.max_connections());
  const auto loaded = std::make_shared<const lb::LbConfig>(std::move(config));
  lasting.present = loaded;
  auto generation = std::make_shared<lb::Generation>(loaded, control.registry(), lasting, control.max_connections());
  process::ProgramParts all = parts(std::exchange(generation, nullptr), lasting);
  all.build = builder(loaded, control, lasting);
  all.load_next = process::load_next<lb::LbConfig>(
      std::move(load), [&](auto next) { return builder(std::move(next), control, lasting); });
  return control.run(std::move(all));
}

}  // namespace

int main(int argc, char** argv) {
  const process::ProgramInfo info = {"lb", "Balances TCP connections over servers.", TANDEM_VERSION,
                                     process::library_versions()};
  const process::ParsedCommandLine parsed = process::parse_command_line(info, argc, argv);
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (!parsed.command) return parsed.status;
  if (const std::string_view fault = http::parser_fault(); !fault.empty()) {
    std::fprintf(stderr, "lb: %s: refusing to run\n", std::string(fault).c_str());
    return 1;
  }
  const process::ConfigFunctions<lb::LbConfig> functions = {&lb::load_lb, &lb::quick_lb, &lb::dump, &lb::lb_schema};
  auto config = process::configuration_for("lb", *parsed.command, functions);
  if (!config) return config.error();
  return run(*std::move(config), parsed.command->config, {argv, argv + argc}, [line = *parsed.command] {
    return line.config.empty() ? lb::quick_lb(line.listen, line.to) : lb::load_lb(line.config);
  });
}
