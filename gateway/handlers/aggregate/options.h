// What the file says of a route that aggregates, as plain values: part of RouteConfig, and what the plan is made from.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/config/place.h"
#include "common/config/value.h"
#include "common/http/message.h"
#include "gateway/filters/options.h"
#include "gateway/json/tree.h"

namespace tandem::gateway {

inline constexpr std::size_t kMostParts = 64;

// A text of the file that is more than a word, and where it stands.
struct PlacedText {
  std::string text;
  config::Place place;
};

// `aggregate` of a route.
struct AggregateConfig {
  json::Collisions collisions = json::Collisions::error;
  PlacedText errors_at;                      // a path; empty: the answer does not say which parts failed
  std::uint64_t max_size = 8 * 1024 * 1024;  // of all parts' bodies together, and of the answer
};

// A [[route.part]]. Paths and templates are texts with their places; the plan compiles them.
struct PartConfig {
  std::string name;
  config::Place place, name_place;
  http::Method method = http::Method::get;
  PlacedText call;  // "UPSTREAM PATH"
  std::string upstream;
  std::size_t upstream_index = 0;  // in GatewayConfig::upstreams
  PlacedText body;                 // of a post; a JSON text in which references may stand
  std::vector<std::string> headers;
  bool required = false;
  PlacedText take;
  std::vector<PlacedText> keep, drop;
  std::vector<std::pair<PlacedText, std::string>> rename;
  PlacedText put;
  PlacedText each;
  PlacedText by;
  std::uint32_t parallel = 8;
  std::uint32_t max_elements = 100;
  std::optional<Duration> timeout;        // none: the route's
  std::optional<config::Value> fallback;  // JSON in TOML's clothes
  config::Place fallback_place;
  bool as_string = false;
  std::uint64_t max_size = 1024 * 1024;  // of the body of one answer
  CacheUse cache;
};

}  // namespace tandem::gateway
