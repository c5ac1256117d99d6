#include "lb/access_log.h"

namespace tandem::lb {

namespace {

void write_path(observe::LogLine& line, std::string_view round_trip, std::string_view retransmits,
                const std::optional<net::TcpPath>& path) {
  line.milliseconds(round_trip, path ? std::optional(path->round_trip) : std::nullopt);
  line.number(retransmits, path ? std::optional<std::uint64_t>(path->retransmits) : std::nullopt);
}

}  // namespace

void AccessLog::write(observe::LogFormat format, const AccessRecord& r) {
  if (is_off()) return;
  observe::LogLine line(format, line_);
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
