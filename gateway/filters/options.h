// What the file says of the filters of a route, as plain values: part of RouteConfig, and what filters are made from.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/config/place.h"

namespace tandem::gateway {

struct FieldSetting {
  std::string name;
  std::string value;  // of a fixed answer a text, of `headers` what FieldValue takes
  config::Place place;
};

struct FieldChanges {
  std::vector<FieldSetting> set;    // replaces what there is of that name
  std::vector<FieldSetting> add;    // beside what there is
  std::vector<std::string> remove;  // before the others
  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

struct HeadersConfig {
  FieldChanges request;
  FieldChanges response;
};

// Who may read answers from a page of another origin (the Fetch standard's CORS protocol).
struct CorsConfig {
  bool on = false;
  config::Place origins_place;
  std::vector<std::string> origins;  // "https://shop.example.com", "https://*.example.com", or "*"
  std::vector<std::string> methods;  // none: those of the route
  std::vector<std::string> headers = {"*"};
  std::vector<std::string> expose;
  bool credentials = false;
  std::optional<Duration> max_age;
};

enum class Encoding : std::uint8_t { gzip, br, zstd };

struct CompressConfig {
  std::vector<Encoding> encodings;  // the first is taken where a client likes several alike; none: off
  std::vector<std::string> types = {"text/*",           "application/json",
                                    "*+json",           "application/javascript",
                                    "application/xml",  "*+xml",
                                    "application/wasm", "application/x-ndjson",
                                    "font/ttf",         "font/otf"};
  std::uint64_t min_size = 1024;  // of a body whose length is known
};

// A [cache.NAME].
struct CacheConfig {
  std::string name;
  config::Place place;
  std::uint64_t size = 256 * 1024 * 1024;  // bytes really held
  std::uint64_t max_object = 1024 * 1024;  // of a body
  config::Place max_object_place;          // where the file says it; else it is at most half of the size
  struct Stale {
    Duration while_revalidate = Duration::zero();
    Duration if_error = Duration::zero();
  } stale;
};

// `cache` of a route.
struct CacheUse {
  std::string cache;  // its name; empty: none
  config::Place place;
  std::size_t index = 0;  // in GatewayConfig::caches
};

}  // namespace tandem::gateway
