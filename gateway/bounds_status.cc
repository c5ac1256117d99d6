#include "gateway/bounds_status.h"

namespace tandem::gateway {
namespace {

void write_limit(JsonWriter& json, std::string_view kind, std::string_view name, std::uint64_t taken,
                 std::uint64_t limit) {
  json.begin_object().member("kind", kind).member("name", name).member("taken", taken).member("limit", limit);
}

}  // namespace

void write_bounds(JsonWriter& json, const Generation& generation, process::ConnectionLimits& limits) {
  json.begin_array();
  if (const std::uint32_t most = limits.process().most(); most != config::kUnlimited) {
    write_limit(json, "connections", "process", limits.process().open(), most);
    json.end_object();
  }
  for (const auto& upstream : generation.upstreams) {
    const std::uint32_t most = upstream->options().max_in_flight;
    if (most == balance::kUnlimited) continue;
    write_limit(json, "max_in_flight", upstream->name(), upstream->shared().in_flight(), most);
    json.end_object();
  }
  for (std::size_t i = 0; i < generation.routes.size(); ++i) {
    if (!generation.places[i]) continue;
    const RouteConfig& route = generation.config.routes[i];
    write_limit(json, "concurrency", route.name, generation.places[i]->taken(), route.concurrency.limit);
    json.end_object();
  }
  json.end_array();
}

}  // namespace tandem::gateway
