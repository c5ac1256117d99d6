// gateway: an API gateway for HTTP. Reads the command line and the configuration, then runs one Control and a Worker a
// thread.
#include "common/http/head_parser.h"
#include "common/observe/certificates.h"
#include "common/process/commands.h"
#include "common/process/control.h"
#include "common/process/loading.h"
#include "common/process/versions.h"
#include "gateway/bounds_status.h"
#include "gateway/cache_admin.h"
#include "gateway/config.h"
#include "gateway/explain_admin.h"
#include "gateway/explain_command.h"
#include "gateway/generation.h"
#include "gateway/key_command.h"
#include "gateway/requests_admin.h"
#include "gateway/server/tunnel.h"
#include "gateway/token_command.h"
#include "gateway/trace/exporter.h"
#include "gateway/traffic_source.h"
#include "gateway/versions.h"
#include "gateway/worker.h"

namespace {

using namespace tandem;

// What lasts over all generations.
struct Lasting {
  explicit Lasting(std::uint32_t most) : limits(most) {}

  process::ConnectionLimits limits;
  limit::SourcesByListener sources;
  gateway::StateRegistry states;
  gateway::KeyFetcher keys;
  gateway::SpanQueue spans;
  gateway::SpanExporter exporter{spans};
  std::shared_ptr<const gateway::Generation> present;  // the control thread's
};

using Load = std::function<config::LoadResult<gateway::GatewayConfig>()>;

// What runs beside the workers goes by the present configuration.
void follow(Lasting& lasting) {
  const gateway::GatewayConfig& config = lasting.present->config;
  lasting.keys.follow(config.auth, config.process.resolvers);
  lasting.exporter.follow(config.trace, config.process.resolvers);
}

async::Task<void> stop(Lasting& lasting) {
  co_await lasting.exporter.stop();
  co_await lasting.keys.stop();
}

process::NextGeneration next_generation(std::shared_ptr<const gateway::Generation> next, Lasting& lasting) {
  return {.upstreams = next->upstreams,
          .hand_over =
              [next](process::WorkerProgram& worker, std::vector<net::Sockets> sockets) {
                static_cast<gateway::Worker&>(worker).adopt(next, std::move(sockets));
              },
          .adopted =
              [next, &lasting] {
                lasting.present = next;
                follow(lasting);
                next->configure_caches();
              }};
}

process::BuildGeneration builder(std::shared_ptr<const gateway::GatewayConfig> config, process::Control& control,
                                 Lasting& lasting) {
  return [config = std::move(config), &control, &lasting](std::uint32_t most) {
    const gateway::Generation::Lasting earlier = {control.registry(), lasting.states, lasting.limits, lasting.sources,
                                                  lasting.keys};
    return next_generation(gateway::Generation::build(config, earlier, most), lasting);
  };
}

// One of the three is 1.
void collect_breakers(const gateway::Generation& generation, observe::MetricSamples& samples) {
  using State = gateway::Breaker::State;
  const Instant at = now();
  for (std::size_t i = 0; i < generation.histories.size(); ++i) {
    const gateway::UpstreamConfig& upstream = generation.config.upstreams[i];
    if (!upstream.breaker.on) continue;
    const State present = generation.histories[i]->breaker.state(at);
    for (const State state : {State::closed, State::half_open, State::open}) {
      samples.gauge("gateway_upstream_breaker_state", "1 for the state that the upstream's breaker is in.",
                    {{"upstream", upstream.options.name}, {"state", std::string(gateway::state_name(state))}},
                    state == present);
    }
  }
}

// What the page shows beside what is counted.
void add_what_pages_ask(process::ProgramParts& parts, Lasting& lasting) {
  parts.endpoints.push_back({"GET", "/requests", gateway::tell_requests});
  parts.endpoints.push_back({"GET", "/errors", gateway::tell_errors});
  parts.endpoints.push_back({"GET", "/consumers", gateway::tell_consumers});
  parts.endpoints.push_back({"GET", "/explain", [&lasting](process::WorkerPool&, const observe::AdminRequest& request) {
                               return gateway::explain_for(lasting.present->config, request);
                             }});
  parts.limits = &lasting.limits;
  parts.status.emplace_back(
      "bounds", [&lasting](JsonWriter& json) { gateway::write_bounds(json, *lasting.present, lasting.limits); });
  parts.status.emplace_back("certificates", [&lasting](JsonWriter& json) {
    observe::write_certificates(json, observe::shown_certificates(lasting.present->config.listeners));
  });
}

process::ProgramParts parts(Lasting& lasting) {
  process::ProgramParts parts;
  parts.listeners = process::listener_addresses(lasting.present->config);
  parts.upstreams = lasting.present->upstreams;
  parts.make_worker = [&lasting](unsigned, std::vector<net::Sockets> sockets, observe::LogSink& access_log) {
    auto worker = std::make_unique<gateway::Worker>(lasting.present, std::move(sockets), access_log, lasting.spans,
                                                    lasting.limits);
    if (lasting.present->config.admin.listen) worker->context().remember();
    return worker;
  };
  parts.collectors.emplace_back([&lasting](observe::MetricSamples& samples) {
    samples.gauge("gateway_tunnels_active", "Connections that have become a WebSocket.", {}, gateway::Tunnel::active());
    const auto& listeners = lasting.present->config.listeners;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      samples.gauge("gateway_connections_active", "Connections that are open.", {{"listener", listeners[i].name}},
                    lasting.present->listeners[i].limit->open());
    }
  });
  parts.collectors.emplace_back(
      [&lasting](observe::MetricSamples& samples) { collect_breakers(*lasting.present, samples); });
  parts.collectors.emplace_back([&lasting](observe::MetricSamples& samples) {
    observe::collect_certificates(samples, "gateway", observe::shown_certificates(lasting.present->config.listeners));
  });
  parts.begin = [&lasting] { follow(lasting); };
  parts.notes = [&lasting] { return lasting.keys.notes(); };
  parts.end = [&lasting] { return stop(lasting); };
  parts.status.emplace_back("auth", [&lasting](JsonWriter& json) { lasting.present->write_auth(json); });
  parts.collectors.emplace_back(
      [&lasting](observe::MetricSamples& samples) { gateway::collect_caches(*lasting.present, samples); });
  parts.endpoints.push_back(
      {"DELETE", "/cache/{name}", [&lasting](process::WorkerPool&, const observe::AdminRequest& request) {
         return gateway::purge_cache(*lasting.present, request);
       }});
  parts.spare.give_back = [&lasting](std::uint64_t bytes) { cache::shrink(lasting.present->caches, bytes); };
  parts.spare.take_more = [&lasting](std::uint64_t bytes) {
    for (const auto& store : lasting.present->caches) store->grow_by(bytes);
  };
  parts.traffic = std::make_unique<gateway::TrafficSource>(
      [&lasting]() -> const gateway::Generation& { return *lasting.present; }, lasting.limits);
  add_what_pages_ask(parts, lasting);
  parts.status.emplace_back("breakers", [&lasting](JsonWriter& json) { lasting.present->write_breakers(json); });
  parts.status.emplace_back("limits", [&lasting](JsonWriter& json) { lasting.present->write_limits(json); });
  parts.status.emplace_back("redis", [&lasting](JsonWriter& json) { lasting.present->write_redis(json); });
  parts.collectors.emplace_back([&lasting](observe::MetricSamples& samples) {
    for (const gateway::SharedRedis& one : lasting.present->redis) {
      samples.gauge("gateway_redis_up", "Whether the Redis server answers every worker.",
                    {{"redis", one.options->name}}, one.health->up());
    }
  });
  parts.status.emplace_back("caches", [&lasting](JsonWriter& json) { gateway::write_caches(json, *lasting.present); });
  parts.status.emplace_back("trace", [&lasting](JsonWriter& json) { lasting.exporter.write_status(json); });
  parts.status.emplace_back("routes", [&lasting](JsonWriter& json) { lasting.present->write_routes(json); });
  return parts;
}

int run(gateway::GatewayConfig config, const std::string& file, std::vector<std::string> arguments, Load load) {
  process::ControlOptions options;
  options.arguments = std::move(arguments);
  options.program = "gateway";
  options.version = TANDEM_VERSION;
  options.file = file;
  options.response_seconds = "upstream_seconds";
  options.process = config.process;
  options.admin = config.admin;
  options.log = config.log;
  process::Control control(std::move(options));
  Lasting lasting(control.max_connections());
  lasting.keys.recall(control.take_notes());
  const auto loaded = std::make_shared<const gateway::GatewayConfig>(std::move(config));
  lasting.present = gateway::Generation::build(
      loaded, {control.registry(), lasting.states, lasting.limits, lasting.sources, lasting.keys},
      control.max_connections());
  lasting.present->configure_caches();
  process::ProgramParts all = parts(lasting);
  all.build = builder(loaded, control, lasting);
  all.load_next = process::load_next<gateway::GatewayConfig>(
      std::move(load), [&](auto next) { return builder(std::move(next), control, lasting); });
  return control.run(std::move(all));
}

using Argument = process::OwnCommand::Argument;

const process::OwnCommand kExplain = {
    "explain",
    "Show which route a request takes and why the others do not",
    {{"METHOD", Argument::Kind::required, {}, "The request's method"},
     {"URL", Argument::Kind::required, {}, "Its URL, or its path"},
     {"-H,--header", Argument::Kind::list, "'NAME: VALUE'", "A header field of it; may be given again"},
     {"--claims", Argument::Kind::optional, "FILE", "JSON: would a caller with these claims be let through?"},
     {"--from", Argument::Kind::optional, "ADDRESS", "The address from where it calls"},
     {"--all", Argument::Kind::flag, {}, "Every route that was not chosen, not only the nearest"},
     {"--json", Argument::Kind::flag, {}, "As JSON"}}};

// Who is supposed to call, where the command line says so.
bool read_caller(const process::CommandLine& line, gateway::ExplainQuestion& question) {
  if (const std::string path = line.value("--claims"); !path.empty()) {
    auto claims = gateway::read_claims(path);
    if (!claims) {
      std::fprintf(stderr, "gateway: --claims: %s\n", claims.error().c_str());
      return false;
    }
    question.claims = *std::move(claims);
  }
  if (const std::string from = line.value("--from"); !from.empty()) {
    question.from = IpAddress::parse(from);
    if (!question.from) std::fprintf(stderr, "gateway: --from: \"%s\" is no address\n", from.c_str());
    return question.from.has_value();
  }
  return true;
}

// 0: a route was found; 1: the gateway refuses the request itself; 2: the question makes no sense.
int explain(const gateway::GatewayConfig& config, const process::CommandLine& line) {
  constexpr std::size_t kNearest = 12;
  const auto headers = line.values.find("-H,--header");
  gateway::ExplainQuestion question = {line.value("METHOD"), line.value("URL"),
                                       headers == line.values.end() ? std::vector<std::string>() : headers->second};
  std::string error;
  if (!read_caller(line, question)) return 2;
  const auto found = gateway::explain(config, question, error);
  if (!found) {
    std::fprintf(stderr, "gateway: %s\n", error.c_str());
    return 2;
  }
  const std::size_t most = line.has("--all") ? config.routes.size() : kNearest;
  std::fputs((line.has("--json") ? gateway::explanation_json(config, question, *found)
                                 : gateway::explanation_text(config, question, *found, most))
                 .c_str(),
             stdout);
  return found->reason.empty() ? 0 : 1;
}

const process::OwnCommand kToken = {
    "token",
    "Show what a provider makes of a token",
    {{"PROVIDER", Argument::Kind::required, {}, "The provider's name"},
     {"TOKEN", Argument::Kind::optional, {}, "The token; by default it is read from stdin, where no history keeps it"},
     {"--signature-only", Argument::Kind::flag, {}, "Do not look at what its claims say"}}};

int token(const gateway::GatewayConfig& config, const process::CommandLine& line) {
  constexpr std::size_t kMost = 64 * 1024;
  gateway::TokenQuestion question = {line.value("PROVIDER"), line.value("TOKEN"), line.has("--signature-only")};
  if (question.token.empty()) {
    question.token.resize(kMost);
    question.token.resize(std::fread(question.token.data(), 1, kMost, stdin));
  }
  const gateway::TokenAnswer answer = gateway::examine_token(config, question);
  if (answer.status == 2) {
    std::fprintf(stderr, "gateway: %s", answer.text.c_str());
  } else {
    std::fputs(answer.text.c_str(), stdout);
  }
  return answer.status;
}

const process::OwnCommand kKey = {"key",
                                  "Make a key for a consumer of an \"api_key\" provider",
                                  {{"ACTION", Argument::Kind::required, {}, "\"new\""},
                                   {"NAME", Argument::Kind::required, {}, "The consumer's name"},
                                   {"--groups", Argument::Kind::optional, "A,B", "The groups it belongs to"},
                                   {"--plan", Argument::Kind::optional, "PLAN", "Its plan"}},
                                  /*needs_file=*/false};

int make_key(const process::CommandLine& line) {
  const auto text =
      gateway::key_command(line.value("ACTION"), line.value("NAME"), line.value("--groups"), line.value("--plan"));
  if (text) {
    std::fputs(text->c_str(), stdout);
    return 0;
  }
  std::fprintf(stderr, "gateway: %s\n", text.error().c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const process::ProgramInfo info = {"gateway",
                                     "Routes HTTP requests to the services behind it.",
                                     TANDEM_VERSION,
                                     gateway::library_versions(process::library_versions()),
                                     {kExplain, kToken, kKey}};
  const process::ParsedCommandLine parsed = process::parse_command_line(info, argc, argv);
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (!parsed.command) return parsed.status;
  if (const std::string_view fault = http::parser_fault(); !fault.empty()) {
    std::fprintf(stderr, "gateway: %s: refusing to run\n", std::string(fault).c_str());
    return 1;
  }
  if (parsed.command->own == kKey.name) return make_key(*parsed.command);
  const process::ConfigFunctions<gateway::GatewayConfig> functions = {&gateway::load_gateway, &gateway::quick_gateway,
                                                                      &gateway::dump, &gateway::gateway_schema};
  auto config = process::configuration_for("gateway", *parsed.command, functions);
  if (!config) return config.error();
  if (parsed.command->own == kExplain.name) return explain(*config, *parsed.command);
  if (parsed.command->own == kToken.name) return token(*config, *parsed.command);
  return run(*std::move(config), parsed.command->config, {argv, argv + argc}, [line = *parsed.command] {
    return line.config.empty() ? gateway::quick_gateway(line.listen, line.to) : gateway::load_gateway(line.config);
  });
}
