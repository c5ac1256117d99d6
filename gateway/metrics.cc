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

Counter bytes_counter(const std::string& route, const char* direction) {
  return Counters::counter("gateway_bytes_total", "Bytes of bodies and WebSockets; in: from the client",
                           {{"route", route}, {"direction", direction}});
}

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

void RequestMetrics::learn(OfRoute& of, const Route* route) {
  const Labels labels = {{"route", label(route)}};
  of.known = true;
  of.seconds =
      Counters::histogram("gateway_request_seconds", "Time from a request's head to the end of its answer", labels);
  of.bytes_in = bytes_counter(label(route), "in");
  of.bytes_out = bytes_counter(label(route), "out");
}

void RequestMetrics::count(const Route* route, const Ended& ended) {
  const std::uint32_t index = route ? route->index + 1 : 0;
  if (index >= routes_.size()) routes_.resize(index + 1);
  OfRoute& of = routes_[index];
  if (!of.known) learn(of, route);
  requests(of, route, index, ended.method, ended.status).add();
  of.seconds.observe(ended.took);
  if (ended.bytes_in > 0) of.bytes_in.add(ended.bytes_in);
  if (ended.bytes_out > 0) of.bytes_out.add(ended.bytes_out);
  if (ended.reason.empty()) return;
  auto [refused, unknown] = refused_.try_emplace({ended.reason.data(), index});
  if (unknown) {
    refused->second =
        Counters::counter("gateway_refused_total", "Requests that the gateway answered itself or broke off",
                          {{"route", label(route)}, {"reason", std::string(ended.reason)}});
  }
  refused->second.add();
}

void RequestMetrics::forget_routes() {
  requests_.clear();
  routes_.clear();
  refused_.clear();
}

}  // namespace tandem::gateway
