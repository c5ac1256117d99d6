#include "gateway/server/find_route.h"

#include <fmt/format.h>

#include "gateway/generation.h"

namespace tandem::gateway {
namespace {

NotRouted refused(std::string_view reason, std::string detail) {
  return {Error{Origin::client, reason, false, std::move(detail)}, {}};
}

NotRouted repeated(const routing::Condition& condition) {
  const bool header = condition.field == routing::Condition::Field::header;
  return refused("repeated_field", fmt::format("the {} \"{}\" decides the route and stands there more than once",
                                               header ? "field" : "query parameter", condition.name));
}

}  // namespace

routing::Tested RequestFields::test(const routing::Condition& condition) const noexcept {
  if (condition.field == routing::Condition::Field::query) return routing::test_query(head_.query, condition);
  const http::Field* field = head_.fields.find(condition.name);
  if (!field) return routing::Tested::differs;
  if (head_.fields.count(condition.name) > 1) return routing::Tested::repeated;
  return field->value == condition.value ? routing::Tested::holds : routing::Tested::differs;
}

std::optional<NotRouted> find_route(Exchange& exchange, std::uint16_t port) {
  const Generation& generation = *exchange.generation;
  const RequestFields fields(exchange.request);
  const routing::RouteRequest request = {exchange.request.host, port, exchange.request.method_text, exchange.path,
                                         &fields};
  const routing::Lookup found = generation.table->find(request, exchange.params);
  using Outcome = routing::Lookup::Outcome;
  const bool routed = found.outcome == Outcome::route;
  if (generation.encoded_slashes && exchange.path.contains("%2F") &&
      !(routed && generation.routes[found.route].encoded_slashes)) {
    return refused("bad_request", "the path holds an encoded slash");
  }
  switch (found.outcome) {
    case Outcome::route: exchange.route = &generation.routes[found.route]; return std::nullopt;
    case Outcome::repeated_field: return repeated(*found.repeated);
    case Outcome::method_not_allowed: {
      NotRouted no = refused("method_not_allowed", "no route takes this method here");
      no.allow = generation.table->allow(found.allowed);
      return no;
    }
    case Outcome::no_route: break;
  }
  return refused("no_route", "no route matches");
}

}  // namespace tandem::gateway
