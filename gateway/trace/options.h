// `[trace]`: which requests are told to a collector of traces, and how it is reached. Plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/config/tls_section.h"
#include "gateway/helper/url.h"

namespace tandem::gateway {

struct TraceConfig {
  std::optional<HttpUrl> endpoint;  // where spans are POSTed to, whole; always there once loaded
  double sample = 0.01;             // share of the requests
  Duration slow = std::chrono::seconds(1);
  std::vector<std::pair<std::string, std::string>> headers;  // of the requests to the collector: secrets
  config::Trust trust;
  Duration timeout = std::chrono::seconds(10);
  Duration interval = std::chrono::seconds(1);
  std::uint32_t queue = 4096;  // spans that wait, of all workers
  std::string service = "gateway";
  config::Place place;
};

}  // namespace tandem::gateway
