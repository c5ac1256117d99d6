#include "common/balance/status.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/balance/response_time.h"

namespace tandem::balance {
namespace {

std::optional<Duration> time_of(const PeakAverage& average) {
  if (average.empty()) return std::nullopt;
  return Duration(static_cast<Duration::rep>(average.last()));
}

// The first thing that keeps it from being picked, an operator's order before all else.
void explain(ServerStatus& status, const Server& server, bool suspected, Instant now) {
  status.why = server.tracker().why(now);
  if (server.admin() != Admin::enabled) {
    status.state = server.admin() == Admin::draining ? "draining" : "disabled";
    status.why = "by an operator's order";
  } else if (server.health() != Health::up) {
    status.state = server.health() == Health::down ? "down" : "checking";
    if (status.why.empty()) status.why = "it awaits its first check";
  } else if (server.announced_draining()) {
    status.state = "draining";
  } else if (server.ejected()) {
    status.state = "ejected";
    const auto left = std::chrono::ceil<std::chrono::seconds>(std::max(server.ejected_until() - now, Duration::zero()));
    status.why = fmt::format("traffic failed in a row, last: {}; back in {} s", failure_text(server.last_failure()),
                             left.count());
  } else if (suspected) {
    status.state = "suspect";
    status.why = fmt::format("it has kept a client waiting and answered nobody for {:.1f} s",
                             to_seconds(server.silent_for(now)));
  } else {
    status.state = "up";
  }
}

void write_server(JsonWriter& json, const ServerStatus& server) {
  json.begin_object();
  json.member("name", server.name).member("address", server.address);
  json.member("state", server.state).member("why", server.why).member("available", server.available);
  json.member_or_null("order", server.order);
  json.member("backup", server.backup).member("weight", server.weight);
  json.member("configured_weight", server.configured_weight);
  json.key("runtime_weight");
  server.runtime_weight ? json.value(*server.runtime_weight) : json.null();
  json.member("in_flight", server.in_flight);
  json.key("max_connections");
  server.max_connections == kUnlimited ? json.null() : json.value(server.max_connections);
  json.member("total", server.total).member("failures", server.failures);
  json.member_or_null("response_ms", server.response_time);
  json.member_or_null("connect_ms", server.connect_time);
  json.member("last_check", server.last_check);
  json.member_or_null("last_check_ago_ms", server.last_check_ago);
  json.member_or_null("page", server.page);
  json.end_object();
}

void write_pick(JsonWriter& json, const PickRecord& pick, Instant now) {
  json.begin_object().member("server", pick.server);
  json.key("ago_ms").milliseconds(std::max(now - pick.at, Duration::zero()));
  json.key("rivals").begin_array();
  for (const Rival& rival : pick.rivals) {
    json.begin_object().member("server", rival.server).member("in_flight", rival.in_flight);
    json.key("score");
    rival.score ? json.value(*rival.score) : json.null();
    json.member("passed_over", rival.passed_over).end_object();
  }
  json.end_array().end_object();
}

void write_discovery(JsonWriter& json, const DnsSource& source, const DiscoveryStatus& status) {
  json.key("discovery").begin_object().member("source", source.to_string());
  json.key("last_answer");
  status.answered_at ? json.value(to_rfc3339(*status.answered_at)) : json.null();
  json.key("ttl_s");
  status.answered_at ? json.value(std::chrono::duration_cast<std::chrono::seconds>(status.ttl).count()) : json.null();
  json.member_or_null("error", status.error);
  json.end_object();
}

}  // namespace

std::string_view policy_name(Policy policy) {
  switch (policy) {
    case Policy::round_robin: return "round_robin";
    case Policy::least_connections: return "least_connections";
    case Policy::response_time: return "response_time";
    case Policy::random: return "random";
    case Policy::source_hash: return "source_hash";
    case Policy::hash: return "hash";
  }
  return "";
}

std::string_view order_name(Admin admin) {
  switch (admin) {
    case Admin::draining: return "drain";
    case Admin::disabled: return "disable";
    case Admin::enabled: break;
  }
  return "";
}

std::vector<ServerStatus> snapshot(const Upstream& upstream, Instant now) {
  std::vector<ServerStatus> all;
  for (std::size_t i = 0; i < upstream.servers().size(); ++i) {
    const Server& server = *upstream.servers()[i];
    const ServerOptions& options = upstream.options().servers[i];
    ServerStatus status;
    status.name = server.name();
    status.address = server.address().to_string();
    status.order = order_name(server.admin());
    status.available = server.available();
    status.backup = options.backup;
    status.configured_weight = options.weight;
    status.runtime_weight = server.runtime_weight(options.weight);
    status.weight = server.weight(options.weight, upstream.options().slow_start, now);
    status.in_flight = server.in_flight();
    status.max_connections = options.max_connections;
    status.total = server.picks();
    status.failures = server.failures();
    status.response_time = time_of(server.response_time());
    status.connect_time = time_of(server.connect_time());
    if (server.tracker().checked()) {
      status.last_check = server.tracker().last().what;
      status.last_check_ago = now - server.tracker().last_at();
      if (const auto& admin = server.tracker().last().admin)
        status.page = fmt::format("http://{}/", admin->to_string());
    }
    const bool suspected = upstream.options().balance == Policy::response_time &&
                           !upstream.shared().suspicion_ignored() && ResponseTime::is_suspect(server, now);
    explain(status, server, suspected, now);
    all.push_back(std::move(status));
  }
  return all;
}

void write_status(JsonWriter& json, const Upstream& upstream, Instant now) {
  json.begin_object();
  json.member("name", upstream.name()).member("balance", policy_name(upstream.options().balance));
  if (upstream.options().max_in_flight != kUnlimited) {
    json.member("in_flight", upstream.shared().in_flight()).member("max_in_flight", upstream.options().max_in_flight);
  }
  json.member("queued", upstream.shared().queue().size());
  if (upstream.options().discovery) write_discovery(json, *upstream.options().discovery, upstream.shared().discovery());
  json.key("servers").begin_array();
  for (const ServerStatus& server : snapshot(upstream, now)) write_server(json, server);
  json.end_array();
  json.key("last_picks").begin_array();
  for (const PickRecord& pick : upstream.shared().pick_log().last()) write_pick(json, pick, now);
  json.end_array().end_object();
}

}  // namespace tandem::balance
