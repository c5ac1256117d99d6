// What `[log]` says of requests, made ready at load: how lines look, which requests get one, and what of them is shown.
// Part of a generation; immutable.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/sections.h"
#include "gateway/redaction.h"

namespace tandem::http {
class Fields;
}

namespace tandem::gateway {

struct GatewayConfig;

inline constexpr std::size_t kMostLoggedFields = 8;
using LoggedFields = std::array<std::string_view, kMostLoggedFields>;  // values, in the order of LogRules::fields

struct LogRules {
  LogRules() = default;
  explicit LogRules(const GatewayConfig& config);

  struct Field {
    std::string name;     // in lower case
    std::string key;      // of the line: "header.user-agent"
    std::string ecs_key;  // "user_agent.original"
    bool hidden = false;  // its value is masked
  };

  // Whether a request that ended so gets a line. `reason` as in the access log; `status` 0: the client saw none.
  bool wants(int status, std::string_view reason) const;

  // The values that are logged of a request; views into it, empty where it has none.
  LoggedFields values_of(const http::Fields& fields) const;

  config::LogFormat format = config::LogFormat::json;
  double sample = 1;
  bool query = false;
  std::vector<Field> fields;
  Redaction redaction;
};

}  // namespace tandem::gateway
