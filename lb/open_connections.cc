#include "lb/open_connections.h"

#include <algorithm>

#include "lb/arrival.h"
#include "lb/listener.h"

namespace tandem::lb {
namespace {

bool newer(const OpenConnection& one, const OpenConnection& other) { return one.accepted > other.accepted; }
bool slower(const OpenConnection& one, const OpenConnection& other) { return one.waiting > other.waiting; }

using Order = bool (*)(const OpenConnection&, const OpenConnection&);

void keep(std::vector<OpenConnection>& heap, std::size_t limit, const OpenConnection& connection, Order order) {
  heap.push_back(connection);
  std::ranges::push_heap(heap, order);
  if (heap.size() <= limit) return;
  std::ranges::pop_heap(heap, order);
  heap.pop_back();
}

void write_path(JsonWriter& json, std::string_view key, const std::optional<net::TcpPath>& path) {
  json.key(key);
  if (!path) {
    json.null();
    return;
  }
  json.begin_object().key("rtt_ms").milliseconds(path->round_trip);
  json.member("retransmits", path->retransmits).end_object();
}

void write_connection(JsonWriter& json, const OpenConnection& connection, Instant at) {
  json.begin_object().member("id", connection.id);
  json.member_or_null("client", connection.client == IpEndpoint{} ? std::string() : connection.client.to_string());
  json.member("listener", connection.listener);
  json.member_or_null("upstream", connection.upstream);
  json.member_or_null("server", connection.server);
  json.member("phase", connection.phase);
  json.key("age_ms").milliseconds(std::max(at - connection.accepted, Duration::zero()));
  json.key("waiting_ms").milliseconds(connection.waiting);
  json.member("attempts", connection.attempts);
  json.member_or_null("connect_ms", connection.connect);
  json.member_or_null("first_byte_ms", connection.first_byte);
  json.member("bytes_in", connection.bytes_in).member("bytes_out", connection.bytes_out);
  write_path(json, "client_tcp", connection.paths.client);
  write_path(json, "server_tcp", connection.paths.server);
  json.end_object();
}

void write_list(JsonWriter& json, std::string_view key, std::vector<OpenConnection> list, Order order, Instant at) {
  std::ranges::sort(list, order);
  json.key(key).begin_array();
  for (const OpenConnection& connection : list) write_connection(json, connection, at);
  json.end_array();
}

}  // namespace

OpenConnection describe(const Arrival& arrival, Instant at) {
  return {.accepted = arrival.connection.accepted,
          .waiting = std::max(at - arrival.phase_began, Duration::zero()),
          .id = std::string(arrival.connection.id.view()),
          .client = arrival.connection.client,
          .listener = arrival.listener.config().name,
          .upstream = arrival.branch ? arrival.branch->upstream.name() : std::string(),
          .server = arrival.server ? arrival.server->name() : std::string(),
          .phase = to_string(arrival.phase),
          .attempts = arrival.connection.attempts,
          .connect = std::nullopt,
          .first_byte = std::nullopt,
          .paths = {}};
}

bool OpenConnections::look() {
  if (looked_at_ == kMostLookedAt) return false;
  ++looked_at_;
  return true;
}

bool OpenConnections::wants(Instant accepted, Duration waiting) const { return is_new(accepted) || is_slow(waiting); }

void OpenConnections::add(const OpenConnection& connection) {
  if (is_new(connection.accepted)) keep(newest_, limit_, connection, newer);
  if (is_slow(connection.waiting)) keep(slowest_, limit_, connection, slower);
}

void OpenConnections::add_all(const OpenConnections& other) {
  looked_at_ += other.looked_at_;
  for (const OpenConnection& connection : other.newest_) {
    if (is_new(connection.accepted)) keep(newest_, limit_, connection, newer);
  }
  for (const OpenConnection& connection : other.slowest_) {
    if (is_slow(connection.waiting)) keep(slowest_, limit_, connection, slower);
  }
}

void OpenConnections::write(JsonWriter& json, std::size_t open) const {
  json.begin_object().member("open", open).member("looked_at", looked_at_);
  write_list(json, "newest", newest_, newer, at_);
  write_list(json, "slowest", slowest_, slower, at_);
  json.end_object();
}

}  // namespace tandem::lb
