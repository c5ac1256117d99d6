#include "gateway/config_routes.h"

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/config_aggregate.h"
#include "gateway/config_filters.h"
#include "gateway/config_policy.h"
#include "gateway/config_rate_limit.h"
#include "gateway/routing/destination.h"
#include "gateway/routing/redirect.h"
#include "gateway/routing/table.h"

namespace tandem::gateway {
namespace {

using config::Place;
using config::Reader;

std::string title(const RouteConfig& route) { return "route " + config::quoted(route.name); }

// Says what is wrong within a text of the file; gives whether something was.
template <class T>
bool complains(Reader& reader, const routing::Parsed<T>& parsed, std::string_view key, Place place,
               std::string_view text) {
  if (parsed) return false;
  const Place inside = reader.diagnostics().within(place, text, parsed.error().offset);
  reader.error(inside, fmt::format("{}: {}", key, parsed.error().text));
  return true;
}

void check_target(Reader& reader, const TargetConfig& target, const routing::MatchPattern& pattern,
                  std::string_view key) {
  if (!target.text.empty()) {
    complains(reader, routing::parse_destination(target.text, pattern), key, target.path_place, target.text);
  } else if (!target.path.empty()) {
    const auto path = routing::Template::parse(target.path, pattern, routing::Template::Names::params);
    complains(reader, path, fmt::format("{}: path", key), target.path_place, target.path);
  }
}

// The pattern of a route whose texts are all right.
std::optional<routing::MatchPattern> check_texts(Reader& reader, const GatewayConfig& config,
                                                 const RouteConfig& route) {
  if (!route.match_place.known()) return std::nullopt;  // missing, which has been said
  const auto scope = reader.inside(title(route));
  const auto pattern = routing::parse_match(route.match);
  if (complains(reader, pattern, "match", route.match_place, route.match)) return std::nullopt;
  for (const TargetConfig& target : route.to) check_target(reader, target, *pattern, "to");
  if (route.mirror) check_target(reader, route.mirror->target, *pattern, "mirror");
  if (route.redirect && !route.redirect->to.empty()) {
    const std::string& to = route.redirect->to;
    complains(reader, routing::Redirect::parse(to, *pattern), "redirect: to", route.redirect->to_place, to);
  }
  check_parts(reader, route, *pattern);
  check_filters(reader, route, *pattern);
  check_allow(reader, route, *pattern);
  check_limit_params(reader, route, config.limits, *pattern);
  return *pattern;
}

// The listeners' ports; none when one of them is not known before it is bound.
std::vector<std::uint16_t> ports_of(const GatewayConfig& config) {
  std::vector<std::uint16_t> ports;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.listen.is_unix() || listener.listen.endpoint().port == 0) return {};
    ports.push_back(listener.listen.endpoint().port);
  }
  return ports;
}

}  // namespace

std::shared_ptr<const routing::RouteTable> compile_routes(Reader& reader, const GatewayConfig& config) {
  std::vector<routing::RouteSpec> specs;
  std::vector<const RouteConfig*> routes;  // by the index that the table knows them by
  for (const RouteConfig& route : config.routes) {
    if (auto pattern = check_texts(reader, config, route)) {
      specs.push_back({*std::move(pattern), route.when});
      routes.push_back(&route);
    }
  }
  auto table = routing::RouteTable::build(std::move(specs), ports_of(config));
  if (table) return std::make_shared<const routing::RouteTable>(*std::move(table));
  for (const routing::Conflict& conflict : table.error()) {
    const RouteConfig& route = *routes[conflict.route];
    std::string others;
    for (const std::uint32_t other : conflict.others) {
      others += fmt::format("{}{} at {}", others.empty() ? "" : ", ", title(*routes[other]),
                            reader.diagnostics().describe(routes[other]->match_place));
    }
    const auto scope = reader.inside(title(route));
    if (conflict.kind == routing::Conflict::Kind::tie) {
      reader.error(route.match_place, fmt::format("ties with {}: {}", others, conflict.why));
    } else {
      reader.error(route.match_place, others.empty() ? conflict.why : fmt::format("{} ({})", conflict.why, others));
    }
  }
  return nullptr;
}

std::shared_ptr<const routing::RouteTable> compile(const std::vector<RouteConfig>& routes) {
  std::vector<routing::RouteSpec> specs;
  for (const RouteConfig& route : routes) {
    auto pattern = routing::parse_match(route.match);
    assert(pattern);
    specs.push_back({*std::move(pattern), route.when});
  }
  auto table = routing::RouteTable::build(std::move(specs));
  assert(table);
  return std::make_shared<const routing::RouteTable>(*std::move(table));
}

}  // namespace tandem::gateway
