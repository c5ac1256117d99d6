#include "common/process/orders.h"

#include <algorithm>
#include <charconv>
#include <expected>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/balance/status.h"
#include "common/base/log.h"

namespace tandem::process {
namespace {

using observe::AdminRequest;
using observe::AdminResponse;

constexpr std::uint32_t kMostWeight = 256;

// A server in its upstream's list.
struct Place {
  balance::Upstream& upstream;
  std::size_t index;

  balance::Server& server() const { return *upstream.servers()[index]; }
  std::uint32_t configured_weight() const { return upstream.options().servers[index].weight; }
};

// What orders can change, for before and after.
struct InForce {
  std::string_view order;  // empty: none
  std::uint32_t weight;

  explicit InForce(const Place& place)
      : order(balance::order_name(place.server().admin())),
        weight(place.server().runtime_weight(place.configured_weight()).value_or(place.configured_weight())) {}
  bool operator==(const InForce&) const = default;

  void write(JsonWriter& json) const {
    json.begin_object().member_or_null("order", order);
    json.member("weight", weight).end_object();
  }
  std::string text() const { return fmt::format("{}, weight {}", order.empty() ? "enabled" : order, weight); }
};

std::expected<Place, AdminResponse> find(const UpstreamsInForce& upstreams, const AdminRequest& request) {
  const std::string& name = request.params[0];
  const std::string& server = request.params[1];
  for (const auto& upstream : upstreams()) {
    if (upstream->name() != name) continue;
    const auto servers = upstream->servers();
    auto found = std::ranges::find(servers, server, [](const auto& s) { return s->name(); });
    if (found == servers.end()) {
      found = std::ranges::find(servers, server, [](const auto& s) { return s->address().to_string(); });
    }
    if (found != servers.end()) return Place{*upstream, static_cast<std::size_t>(found - servers.begin())};
    return std::unexpected(
        observe::admin_problem(404, "no_server", fmt::format("upstream \"{}\" has no server \"{}\"", name, server)));
  }
  return std::unexpected(observe::admin_problem(404, "no_upstream", fmt::format("there is no upstream \"{}\"", name)));
}

template <class Order>
AdminResponse carry_out(const Place& place, Order order) {
  const InForce before(place);
  order(place.server());
  const InForce after(place);
  place.upstream.refresh(now());
  if (before != after) {
    log_info("upstream \"{}\": server {}: {}, by an operator's order (was {})", place.upstream.name(),
             place.server().name(), after.text(), before.text());
  }
  AdminResponse response{.content_type = "application/json"};
  JsonWriter json(response.body);
  json.begin_object().member("upstream", place.upstream.name()).member("server", place.server().name());
  json.member("changed", before != after).key("before");
  before.write(json);
  json.key("after");
  after.write(json);
  json.member("configured_weight", place.configured_weight());
  json.member("in_flight", place.server().in_flight()).end_object();
  response.body += '\n';
  return response;
}

std::optional<std::uint32_t> parse_weight(std::string_view body) {
  while (!body.empty() && std::string_view(" \t\r\n").contains(body.back())) body.remove_suffix(1);
  std::uint32_t weight = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), weight);
  if (error != std::errc() || end != body.data() + body.size() || weight > kMostWeight) return std::nullopt;
  return weight;
}

}  // namespace

void add_orders(observe::Admin& admin, UpstreamsInForce upstreams, std::function<std::string_view()> refusal) {
  const std::string server = "/upstreams/{u}/servers/{s}/";
  const auto place_of = [upstreams = std::move(upstreams), refusal = std::move(refusal)](
                            const AdminRequest& request) -> std::expected<Place, AdminResponse> {
    const std::string_view why = refusal ? refusal() : std::string_view();
    if (!why.empty()) return std::unexpected(observe::admin_problem(503, "upgrading", std::string(why)));
    return find(upstreams, request);
  };
  const auto add = [&](std::string_view word, balance::Admin state) {
    admin.add_endpoint("POST", server + std::string(word), [place_of, state](const AdminRequest& request) {
      const auto place = place_of(request);
      if (!place) return place.error();
      return carry_out(*place, [&](balance::Server& of) {
        if (state == balance::Admin::enabled) of.set_runtime_weight(std::nullopt, place->configured_weight());
        of.set_admin(state, now());
      });
    });
  };
  add("drain", balance::Admin::draining);
  add("disable", balance::Admin::disabled);
  add("enable", balance::Admin::enabled);
  admin.add_endpoint("PUT", server + "weight", [place_of](const AdminRequest& request) {
    const auto place = place_of(request);
    if (!place) return place.error();
    const auto weight = parse_weight(request.body);
    if (!weight) return observe::admin_problem(400, "bad_request", "the body must be a weight, a number from 0 to 256");
    return carry_out(*place, [&](balance::Server& of) { of.set_runtime_weight(weight, place->configured_weight()); });
  });
}

}  // namespace tandem::process
