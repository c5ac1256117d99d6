// The sections that both programs have ([process], [admin], [log]) as plain values with the contract's defaults, and
// what loading a file gives. Owned by whoever loaded; immutable once a generation runs on it.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/options.h"
#include "common/base/address.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/config/place.h"

namespace tandem::config {

using balance::kUnlimited;

struct ProcessConfig {
  std::uint32_t workers = 0;  // 0 in the file's absence only: loading replaces it by the number of usable CPUs
  Duration drain = std::chrono::seconds(30);
  Duration drain_delay = std::chrono::seconds(5);
  Duration upgrade_drain = std::chrono::hours(1);
  std::uint32_t max_connections = kUnlimited;
  std::uint64_t max_memory = std::numeric_limits<std::uint64_t>::max();  // that many: none
  std::string user;                   // who the process becomes once everything is bound; empty: it stays who it is
  std::vector<IpEndpoint> resolvers;  // who is asked for names; empty: whom the system asks
};

struct AdminConfig {
  std::optional<Address> listen;     // empty: no admin address
  std::optional<std::string> token;  // a secret: never shown
  Place place;                       // where the file says `listen`
};

enum class LogFormat : std::uint8_t { json, text, ecs, combined };  // combined: gateway only

struct LogConfig {
  LogLevel level = LogLevel::info;
  std::string access = "stdout";  // "stdout", "off", or a file's path
  LogFormat format = LogFormat::json;
  double sample = 1;  // the share of lines about what went well
  // gateway only
  bool query = false;
  std::vector<std::string> headers;  // of requests
  Place headers_place;
  std::vector<std::string> redact;  // names of fields and of parameters whose values are masked, beside the usual ones
};

// What loading gives: a configuration only if there was no error. The texts are for stderr as they are (each line ends
// with a newline); `errors` is empty exactly when `config` is there.
template <class Config>
struct LoadResult {
  std::optional<Config> config;
  std::string errors;
  std::string warnings;

  explicit operator bool() const { return config.has_value(); }
};

}  // namespace tandem::config
