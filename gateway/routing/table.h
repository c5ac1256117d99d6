// The route table: all routes of one configuration generation, compiled at load, then immutable and read by every
// worker. Finding a route allocates nothing and costs the same among 10 routes and among 10,000.
//
// Which route (the most specific of those that match): host exact > wildcard > any, one with a port first; then the
// path segment by segment, literal > uint, uuid > slug > untyped > rest; method named > any; more conditions first.
#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/routing/condition.h"
#include "gateway/routing/methods.h"
#include "gateway/routing/pattern.h"
#include "gateway/routing/trie.h"

namespace tandem::routing {

struct RouteSpec {
  MatchPattern pattern;
  std::vector<Condition> when;
};

// Why routes cannot stand together. All of them are errors of the configuration.
struct Conflict {
  enum class Kind : std::uint8_t { tie, unreachable, invalid };

  Kind kind = Kind::tie;
  std::uint32_t route = 0;            // the one to complain about: in a tie the later one
  std::vector<std::uint32_t> others;  // those that tie with it or cover it; may be empty
  std::string why;                    // a phrase without the routes' names
};

// A request as the table sees it. Everything is borrowed for the call only, but `path`: the values of parameters point
// into it.
struct RouteRequest {
  std::string_view host;   // lower case, without port and final dot; empty when there was none
  std::uint16_t port = 0;  // the listener's
  std::string_view method;
  std::string_view path;           // normalised, begins with "/"
  const Fields* fields = nullptr;  // answers conditions; without it no route with conditions matches
};

// The values of a route's parameters, in the order of MatchPattern::params(), spelled as in the normalised path.
struct Params {
  std::array<std::string_view, kMaxParams> values;
  std::uint32_t count = 0;

  std::span<const std::string_view> span() const { return {values.data(), count}; }
};

struct Lookup {
  enum class Outcome : std::uint8_t { route, no_route, method_not_allowed, repeated_field };

  Outcome outcome = Outcome::no_route;
  std::uint32_t route = 0;              // for `route`: its index; for `repeated_field`: the one that asks for it
  MethodMask allowed = kNoMethod;       // for `method_not_allowed`: give it to RouteTable::allow()
  const Condition* repeated = nullptr;  // for `repeated_field`: the condition on a field that stands there twice
};

class RouteTable {
 public:
  RouteTable() = default;

  // Compiles the routes; their order decides nothing but their index. `ports` are those of the listeners, to find
  // routes that no listener can reach; empty when they are not known. Gives the table, or every conflict.
  static std::expected<RouteTable, std::vector<Conflict>> build(std::vector<RouteSpec> routes,
                                                                std::span<const std::uint16_t> ports = {});

  // The route for a request, HEAD following GET. `params` is filled when the outcome is `route`. Any thread.
  Lookup find(const RouteRequest& request, Params& params) const noexcept;

  // The value of the Allow field for a lookup that ended in `method_not_allowed` (RFC 9110 §10.2.1).
  std::string allow(MethodMask allowed) const { return methods_.allow(allowed); }

  const std::vector<RouteSpec>& routes() const { return routes_; }

 private:
  friend class Search;

  std::vector<RouteSpec> routes_;
  Methods methods_;
  Trie trie_;
};

}  // namespace tandem::routing
