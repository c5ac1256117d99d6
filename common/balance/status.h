// What /status says of the servers. The control thread's: it reads what the checks know.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/balance/upstream.h"
#include "common/base/json_writer.h"

namespace tandem::balance {

struct ServerStatus {
  std::string name;
  std::string address;
  std::string state;       // checking | up | suspect | down | draining | disabled | ejected
  std::string why;         // "3 checks failed, last: connection refused, 4 s ago"; empty when there is nothing to say
  std::string_view order;  // "drain" or "disable", by an operator; empty: none
  bool available = false;
  bool backup = false;
  std::uint32_t configured_weight = 1;
  std::optional<std::uint32_t> runtime_weight;
  double weight = 1;  // in force: the runtime or configured one, less while it starts slowly
  std::uint32_t in_flight = 0;
  std::uint32_t max_connections = kUnlimited;
  std::uint64_t total = 0;  // picks
  std::uint64_t failures = 0;
  std::optional<Duration> response_time;
  std::optional<Duration> connect_time;
  std::optional<Duration> last_check_ago;
  std::string last_check;  // "status 200"
  std::string page;        // of a gateway: where a browser finds its page; empty: it said nothing of it
};

std::vector<ServerStatus> snapshot(const Upstream& upstream, Instant now);

// Writes {"name": …, "balance": …, "queued": …, "servers": […], "last_picks": […]}, with "discovery": {"source",
// "last_answer", "ttl_s", "error"} before the servers where DNS tells them.
void write_status(JsonWriter& json, const Upstream& upstream, Instant now);

std::string_view policy_name(Policy policy);

// The word of the order, as it is given; empty for none.
std::string_view order_name(Admin admin);

}  // namespace tandem::balance
