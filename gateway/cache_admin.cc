#include "gateway/cache_admin.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/log.h"
#include "common/observe/admin_path.h"
#include "gateway/filters/cache/cache.h"

namespace tandem::gateway {
namespace {

using observe::admin_problem;
using observe::AdminResponse;

struct Purge {
  std::string_view by;
  std::string text;
};

// Exactly one way to say what goes.
std::expected<Purge, std::string> purge_of(std::string_view query) {
  std::optional<Purge> purge;
  for (const std::string_view by : {"key", "prefix", "group"}) {
    auto text = observe::admin_query_value(query, by);
    if (!text) continue;
    if (purge) return std::unexpected("one of key, prefix and group at a time");
    purge = {by, *std::move(text)};
  }
  if (!purge || purge->text.empty()) {
    return std::unexpected("say what goes: ?key=URL, ?prefix=URL (its beginning) or ?group=NAME, percent-encoded");
  }
  return *std::move(purge);
}

}  // namespace

AdminResponse purge_cache(const Generation& generation, const observe::AdminRequest& request) {
  const std::string& name = request.params[0];
  const auto found = std::ranges::find(generation.caches, name, [](const auto& store) { return store->name(); });
  if (found == generation.caches.end()) {
    return admin_problem(404, "no_cache", fmt::format("there is no cache \"{}\"", name));
  }
  const auto purge = purge_of(request.query);
  if (!purge) return admin_problem(400, "bad_request", purge.error());
  cache::Store& store = **found;
  std::size_t count = 0;
  if (purge->by == "key") {
    count = store.purge_url(purge->text);
  } else if (purge->by == "prefix") {
    count = store.purge_prefix(purge->text);
  } else {
    count = store.purge_group(purge->text);
  }
  log_info("cache \"{}\": {} entries purged by {}, by an operator's order", name, count, purge->by);
  AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  json.begin_object().member("cache", name).member(purge->by, purge->text).member("purged", count).end_object();
  response.body += '\n';
  return response;
}

void write_caches(JsonWriter& json, const Generation& generation) {
  json.begin_array();
  for (const auto& store : generation.caches) {
    const cache::Store::Totals totals = store->totals();
    json.begin_object().member("name", store->name()).member("size", totals.size).member("limit", totals.limit);
    json.member("bytes", totals.bytes);
    json.member("entries", totals.entries).member("evicted", totals.evicted);
    json.member("flights", totals.flights).member("waiting", totals.waiting);
    for (std::size_t i = 0; i < kCacheResults; ++i) {
      const auto result = static_cast<CacheResult>(i);
      json.member(to_text(result), cache_counter(store->name(), result).value());
    }
    json.end_object();
  }
  json.end_array();
}

void collect_caches(const Generation& generation, observe::MetricSamples& samples) {
  for (const auto& store : generation.caches) {
    const cache::Store::Totals totals = store->totals();
    const Labels labels = {{"cache", store->name()}};
    samples.gauge("gateway_cache_bytes", "Bytes that the cache holds.", labels, static_cast<double>(totals.bytes));
    samples.gauge("gateway_cache_entries", "Stored answers.", labels, static_cast<double>(totals.entries));
    samples.counter("gateway_cache_evicted_total", "Stored answers that went because there was no room.", labels,
                    static_cast<double>(totals.evicted));
  }
}

}  // namespace tandem::gateway
