#include "gateway/metrics.h"

#include <string>

#include "gateway/generation.h"

namespace tandem::gateway {
namespace {

std::string label(const Route* route) { return route ? route->name : "none"; }
std::string label(http::Method method) {
  const std::string_view text = http::method_text(method);
  return std::string(text.empty() ? "other" : text);
}

}  // namespace

Counter RequestMetrics::requests(OfRoute& of, const Route* route, std::uint32_t index, http::Method method,
                                 int status) {
  const std::uint32_t key = (static_cast<std::uint32_t>(method) + 1) << 16 | static_cast<std::uint32_t>(status);
  for (const Kind& kind : of.kinds) {
    if (kind.key == key) return kind.counter;
  }
  auto [known, fresh] = requests_.try_emplace(std::uint64_t{index} << 32 | key);
  if (!fresh) return known->second;
  const Counter made =
      Counters::counter("gateway_requests_total", "Requests, by route, method and status of the answer",
                        {{"route", label(route)}, {"method", label(method)}, {"status", std::to_string(status)}});
  known->second = made;
  for (Kind& kind : of.kinds) {
    if (kind.key != 0) continue;
    kind = {key, made};
    break;
  }
  return made;
}

void RequestMetrics::count(const Route* route, http::Method method, int status, std::string_view reason,
                           Duration took) {
  const std::uint32_t index = route ? route->index + 1 : 0;
  if (index >= routes_.size()) routes_.resize(index + 1);
  OfRoute& of = routes_[index];
  if (!of.known) {
    of.known = true;
    of.seconds = Counters::histogram("gateway_request_seconds", "Time from a request's head to the end of its answer",
                                     {{"route", label(route)}});
  }
  requests(of, route, index, method, status).add();
  of.seconds.observe(took);
  if (reason.empty()) return;
  // A reason is a string literal: its address and the route make up the key.
  const std::uint64_t refused_key = reinterpret_cast<std::uintptr_t>(reason.data()) * 31 + index;
  auto [refused, unknown] = refused_.try_emplace(refused_key);
  if (unknown) {
    refused->second =
        Counters::counter("gateway_refused_total", "Requests that the gateway answered itself or broke off",
                          {{"route", label(route)}, {"reason", std::string(reason)}});
  }
  refused->second.add();
}

void RequestMetrics::forget_routes() {
  requests_.clear();
  routes_.clear();
  refused_.clear();
}

}  // namespace tandem::gateway
