#include "lb/failed_connections.h"

#include <algorithm>

namespace tandem::lb {
void FailedConnections::add(const AccessRecord& record, Instant at) {
  if (!ring_.wants(at)) return;
  FailedConnection& failed = ring_.next(at);
  failed.ended = record.time;
  failed.id = record.id;
  failed.client = record.client == IpEndpoint{} ? std::string() : record.client.to_string();
  failed.listener = record.listener;
  failed.upstream = record.upstream;
  failed.server = record.server;
  failed.end = record.end;
  failed.attempts = record.attempts;
  failed.connect = record.connect;
  failed.first_byte = record.first_byte;
  failed.duration = record.duration;
  failed.bytes_in = record.bytes_in;
  failed.bytes_out = record.bytes_out;
}

void write_failed(JsonWriter& json, std::vector<FailedConnection> failed, std::size_t most) {
  std::ranges::sort(failed, std::ranges::greater(), &FailedConnection::ended);
  failed.resize(std::min(failed.size(), most));
  json.begin_array();
  for (const FailedConnection& one : failed) {
    json.begin_object().member("time", to_rfc3339(one.ended)).member("id", one.id);
    json.member_or_null("client", one.client);
    json.member("listener", one.listener);
    json.member_or_null("upstream", one.upstream);
    json.member_or_null("server", one.server);
    json.member("attempts", one.attempts);
    json.member_or_null("connect_ms", one.connect);
    json.member_or_null("first_byte_ms", one.first_byte);
    json.key("duration_ms").milliseconds(one.duration);
    json.member("bytes_in", one.bytes_in).member("bytes_out", one.bytes_out).member("end", one.end).end_object();
  }
  json.end_array();
}

}  // namespace tandem::lb
