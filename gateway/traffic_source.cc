#include "gateway/traffic_source.h"

#include <algorithm>
#include <numeric>

#include "gateway/filters/cache/cache.h"

namespace tandem::gateway {
namespace {

using namespace std::chrono_literals;
using observe::label_value;

// Of one route there may be little traffic: what is told of it covers 10 to 20 s.
constexpr Duration kSpan = 10s;

std::string route_of(const Labels& labels) { return std::string(label_value(labels, "route")); }

std::string refusal_of(const Labels& labels) {
  return route_of(labels) + '\n' + std::string(label_value(labels, "reason"));
}

std::size_t is_hit(const Labels& labels) {
  const auto result = cache_result(label_value(labels, "result"));
  return result && is_from_cache(*result) ? 1 : 0;
}

// The `most` greatest of all, in their order.
template <class T, class By>
void keep_greatest(std::vector<T>& all, std::size_t most, By by) {
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::ranges::partial_sort(all, end, std::ranges::greater(), by);
  all.erase(end, all.end());
}

}  // namespace

struct TrafficSource::Busy {
  std::string_view name;
  std::string_view match;
  std::size_t group;
  std::uint64_t lately;
};

std::size_t TrafficSource::class_of(const Labels& labels) {
  const std::string_view status = label_value(labels, "status");
  if (status == "429") return too_many;
  if (status.starts_with('4')) return client_error;
  return status.starts_with('5') ? error : good;
}

TrafficSource::TrafficSource(Present present, process::ConnectionLimits& limits)
    : present_(std::move(present)),
      limits_(limits),
      requests_("gateway_requests_total", route_of, kClasses, class_of),
      seconds_("gateway_request_seconds", route_of),
      bytes_("gateway_bytes_total", [](const Labels& labels) { return std::string(label_value(labels, "direction")); }),
      cached_("gateway_route_cache_total", route_of, 2, is_hit),
      refused_("gateway_refused_total", refusal_of),
      answered_(kSpan, now()),
      cached_lately_(kSpan, now()),
      refused_lately_(kSpan, now()),
      times_(kSpan, now()) {}

observe::Totals TrafficSource::sample(Instant at) {
  requests_.read();
  seconds_.read();
  bytes_.read();
  cached_.read();
  refused_.read();
  answered_.look(at, requests_.values());
  cached_lately_.look(at, cached_.values());
  refused_lately_.look(at, refused_.values());
  times_.look(at, seconds_.values());
  observe::Totals totals;
  totals.active = limits_.process().open();
  totals.errors = requests_.total(error);
  totals.refused = requests_.total(client_error) + requests_.total(too_many);
  totals.handled = requests_.total(good) + totals.errors + totals.refused;
  const auto bytes = [this](std::string_view direction) {
    const auto group = bytes_.group(direction);
    return group ? bytes_.values()[*group] : 0;
  };
  totals.bytes_in = bytes("in");
  totals.bytes_out = bytes("out");
  totals.buckets = seconds_.total();
  return totals;
}

std::vector<TrafficSource::Busy> TrafficSource::busiest(std::size_t most) const {
  std::vector<Busy> all;
  const auto add = [&](std::string_view name, std::string_view match) {
    const auto group = requests_.group(name);
    if (!group) return;
    std::uint64_t lately = 0;
    for (std::size_t i = 0; i < kClasses; ++i) lately += answered_.rise(*group * kClasses + i);
    all.push_back({name, match, *group, lately});
  };
  for (const RouteConfig& route : present_().config.routes) add(route.name, route.match);
  add("none", {});
  keep_greatest(all, most, &Busy::lately);
  return all;
}

void TrafficSource::write_route(JsonWriter& json, const Busy& busy) const {
  const auto rate = [&](Class of) { return answered_.per_second(busy.group * kClasses + of); };
  json.begin_object().member("name", busy.name).member("match", busy.match);
  json.member("rate", rate(good) + rate(client_error) + rate(too_many) + rate(error));
  json.member("client_errors", rate(client_error)).member("too_many", rate(too_many)).member("errors", rate(error));
  std::vector<std::uint64_t> buckets;
  if (const auto group = seconds_.group(busy.name)) {
    buckets = times_.rises(*group * Histogram::buckets(), Histogram::buckets());
  }
  for (const auto& [key, q] : {std::pair("p50_ms", 0.5), std::pair("p99_ms", 0.99)}) {
    const auto time = observe::quantile(buckets, Histogram::bounds(), q);
    json.member_or_null(key, time);
  }
  write_cache_share(json, busy.name);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kClasses; ++i) total += requests_.values()[busy.group * kClasses + i];
  json.member("total", total).end_object();
}

void TrafficSource::write_cache_share(JsonWriter& json, std::string_view route) const {
  const auto group = cached_.group(route);
  const std::uint64_t hits = group ? cached_lately_.rise(*group * 2 + 1) : 0;
  const std::uint64_t all = group ? hits + cached_lately_.rise(*group * 2) : 0;
  json.key("cache_share");
  all == 0 ? json.null() : json.value(static_cast<double>(hits) / static_cast<double>(all));
}

void TrafficSource::write_refusals(JsonWriter& json) const {
  std::vector<std::size_t> groups(refused_.groups());
  std::iota(groups.begin(), groups.end(), std::size_t{0});
  std::erase_if(groups, [this](std::size_t group) { return refused_.values()[group] == 0; });
  keep_greatest(groups, kMostRoutes, [this](std::size_t group) { return refused_lately_.rise(group); });
  json.key("refusals").begin_array();
  for (const std::size_t group : groups) {
    const std::string_view name = refused_.name(group);
    const std::size_t end = name.find('\n');
    json.begin_object().member("route", name.substr(0, end)).member("reason", name.substr(end + 1));
    json.member("rate", refused_lately_.per_second(group)).member("total", refused_.values()[group]).end_object();
  }
  json.end_array();
}

void TrafficSource::write(JsonWriter& json) const {
  const std::vector<Busy> told = busiest(kMostRoutes);
  json.key("routes").begin_array();
  for (const Busy& busy : told) write_route(json, busy);
  json.end_array();
  const std::size_t all = present_().routes.size();
  json.member("routes_quiet", all - std::min(all, told.size()));
  write_refusals(json);
}

}  // namespace tandem::gateway
