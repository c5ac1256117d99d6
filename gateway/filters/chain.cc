#include "gateway/filters/chain.h"

#include <cxxabi.h>

#include <cassert>
#include <cstdlib>
#include <typeinfo>

#include "gateway/config_policy.h"
#include "gateway/filters/answer_errors.h"
#include "gateway/filters/authenticate.h"
#include "gateway/filters/authorize.h"
#include "gateway/filters/cache/cache.h"
#include "gateway/filters/cache/invalidate.h"
#include "gateway/filters/client_address.h"
#include "gateway/filters/compress.h"
#include "gateway/filters/concurrency.h"
#include "gateway/filters/cors.h"
#include "gateway/filters/headers.h"
#include "gateway/filters/mirror.h"
#include "gateway/filters/rate_limit.h"

namespace tandem::gateway {
namespace {

// Without a path of its own the copy has that of (the first target of) `to`.
std::unique_ptr<const Filter> make_mirror(const ChainMaterial& material) {
  const TargetConfig& target = material.route.mirror->target;
  const std::string& path = target.path.empty() ? material.route.to.front().path : target.path;
  routing::Template compiled;
  if (!path.empty()) {
    auto parsed = routing::Template::parse(path, material.pattern, routing::Template::Names::params);
    assert(parsed && "load_gateway() has checked it");
    compiled = *std::move(parsed);
  }
  std::vector<CredentialSource> credentials;
  for (const auto& names : material.route.auth.groups) {
    for (const RouteAuth::Member& member : names) credentials.push_back(material.config.auth[member.index].from);
  }
  return std::make_unique<Mirror>(material.route, material.config.upstreams[target.index],
                                  material.upstreams[target.index], std::move(compiled), std::move(credentials));
}

std::unique_ptr<const Filter> make_authenticate(const ChainMaterial& material) {
  std::vector<Authenticate::Group> groups;
  for (const auto& names : material.route.auth.groups) {
    Authenticate::Group& group = groups.emplace_back();
    for (const RouteAuth::Member& member : names) group.push_back(material.providers[member.index]);
  }
  return std::make_unique<Authenticate>(std::move(groups), material.route.auth.optional);
}

// One phase of the route's limits: those that need to know who calls, or those that do not. Null: there are none.
std::unique_ptr<const Filter> make_rate_limit(const ChainMaterial& material, bool knows_caller) {
  std::vector<RateLimit::Member> members;
  for (const RateLimitUse& use : material.route.rate_limit) {
    const std::shared_ptr<const Limit>& limit = material.limits[use.index];
    if (limit->config().needs_caller() != knows_caller) continue;
    members.push_back({limit, LimitKey(limit->config().key, material.pattern), use.cost, use.report});
  }
  if (members.empty()) return nullptr;
  return std::make_unique<RateLimit>(std::move(members));
}

}  // namespace

// By the names of their classes, so that none can be left out.
std::vector<std::string> Chain::filter_names() const {
  std::vector<std::string> names;
  for (const auto& filter : filters_) {
    const Filter& one = *filter;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> full(
        abi::__cxa_demangle(typeid(one).name(), nullptr, nullptr, &status), &std::free);
    std::string_view type = full ? full.get() : "filter";
    type.remove_prefix(type.rfind(':') + 1);
    std::string& name = names.emplace_back();
    for (const char c : type) {
      if (c >= 'A' && c <= 'Z' && !name.empty()) name += '_';
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return names;
}

Chain compile_chain(const ChainMaterial& material, std::unique_ptr<const Handler> handler) {
  Chain chain(std::move(handler));

  // What also holds for the gateway's own refusals.
  const RouteConfig& route = material.route;
  if (route.cors.on) chain.add(std::make_unique<Cors>(route.cors));
  if (!route.compress.encodings.empty()) chain.add(std::make_unique<Compress>(route.compress));
  if (!route.headers.response.empty()) {
    chain.add(std::make_unique<ResponseHeaders>(FieldEdits(route.headers.response, material.pattern)));
  }
  if (chain.has_filters()) chain.add(std::make_unique<AnswerErrors>());

  // What may refuse: by the address, then by who calls; then what changes the request or stands in for the service.
  if (!route.deny_from.empty() || route.allow_from != config::everybody()) {
    chain.add(std::make_unique<ClientAddress>(AccessList(route.allow_from, route.deny_from)));
  }
  if (auto limits = make_rate_limit(material, false)) chain.add(std::move(limits));
  if (!route.auth.empty()) chain.add(make_authenticate(material));
  if (auto limits = make_rate_limit(material, true)) chain.add(std::move(limits));
  if (route.concurrency.limit != 0) chain.add(std::make_unique<Concurrency>(route.concurrency, material.places));
  if (!route.auth.scopes.all.empty() || !route.auth.allow.rule.empty()) {
    chain.add(std::make_unique<Authorize>(route, rule_of(route, material.pattern)));
  }
  if (!route.headers.request.empty()) {
    chain.add(std::make_unique<RequestHeaders>(FieldEdits(route.headers.request, material.pattern)));
  }
  // The request as the service gets it: what is stored is told apart by its fields, and a copy is made of what is
  // asked.
  if (!route.cache.cache.empty()) {
    chain.add(std::make_unique<Cache>(route.name, material.caches[route.cache.index], !route.auth.empty()));
  } else if (!material.caches.empty()) {
    chain.add(std::make_unique<InvalidateCaches>(std::vector(material.caches.begin(), material.caches.end())));
  }
  if (route.mirror) chain.add(make_mirror(material));
  return chain;
}

// A name with a slash is no route's: what is stored for a part is its own.
Chain compile_part_chain(const RouteConfig& route, const PartConfig& part,
                         std::span<const std::shared_ptr<cache::Store>> caches,
                         std::unique_ptr<const Handler> handler) {
  Chain chain(std::move(handler));
  if (!part.cache.cache.empty()) {
    chain.add(std::make_unique<Cache>(route.name + '/' + part.name, caches[part.cache.index], !route.auth.empty()));
  }
  return chain;
}

}  // namespace tandem::gateway
