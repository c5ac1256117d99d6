#include "lb/access_log.h"

#include "common/base/id.h"

namespace tandem::lb {

namespace {

void write_path(observe::LogLine& line, const observe::LogKey& round_trip, const observe::LogKey& retransmits,
                const std::optional<net::TcpPath>& path) {
  line.milliseconds(round_trip, path ? std::optional(path->round_trip) : std::nullopt);
  line.number(retransmits, path ? std::optional<std::uint64_t>(path->retransmits) : std::nullopt);
}

std::optional<std::uint64_t> some_port(std::uint16_t port) {
  return port == 0 ? std::nullopt : std::optional<std::uint64_t>(port);
}

// By Elastic Common Schema where that has a name for it, else below `tandem`.
std::string_view write_ecs(observe::LogLine& line, const AccessRecord& r) {
  line.time("@timestamp", r.time).json("ecs.version", R"("8.11.0")").json("event.kind", R"("event")");
  line.json("event.category", R"(["network"])").json("event.type", R"(["connection","end"])");
  line.json("event.dataset", R"("lb.access")").text("event.id", r.id);
  line.json("event.outcome", ended_well(r.end) ? R"("success")" : R"("failure")").text("event.reason", r.end);
  line.number("event.duration", static_cast<std::uint64_t>(r.duration.count()));
  line.endpoint("client.ip", {r.client.ip, 0}).number("client.port", some_port(r.client.port));
  line.number("client.bytes", r.bytes_in).number("server.bytes", r.bytes_out).text("server.address", r.server);
  line.text("tandem.conn", r.id).text("tandem.listener", r.listener).text("tandem.upstream", r.upstream);
  line.number("tandem.attempts", r.attempts).milliseconds("tandem.connect_ms", r.connect);
  line.milliseconds("tandem.first_byte_ms", r.first_byte);
  if (r.shows_paths) {
    write_path(line, "tandem.client_rtt_ms", "tandem.client_retransmits", r.paths.client);
    write_path(line, "tandem.server_rtt_ms", "tandem.server_retransmits", r.paths.server);
  }
  return line.end();
}

}  // namespace

bool ended_well(std::string_view end) { return end == "client" || end == "server"; }

void AccessLog::write(const config::LogConfig& config, const AccessRecord& r) {
  if (is_off() || (ended_well(r.end) && !by_chance(config.sample))) return;
  observe::LogLine line(config.format, line_);
  if (config.format == observe::LogFormat::ecs) return buffer_.write(write_ecs(line, r));
  line.time("time", r.time).text("id", r.id).text("listener", r.listener).endpoint("client", r.client);
  line.text("upstream", r.upstream).text("server", r.server).number("attempts", r.attempts);
  line.milliseconds("connect_ms", r.connect).milliseconds("first_byte_ms", r.first_byte);
  line.milliseconds("duration_ms", r.duration).number("bytes_in", r.bytes_in).number("bytes_out", r.bytes_out);
  line.text("end", r.end);
  if (r.shows_paths) {
    write_path(line, "client_rtt_ms", "client_retransmits", r.paths.client);
    write_path(line, "server_rtt_ms", "server_retransmits", r.paths.server);
  }
  buffer_.write(line.end());
}

}  // namespace tandem::lb
