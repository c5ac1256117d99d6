// What the tests of this room share: tables from `match` texts and requests in one line.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/routing/table.h"

namespace tandem::routing::testing {

using When = std::vector<Condition>;

inline MatchPattern pattern_of(std::string_view match) {
  auto pattern = parse_match(match);
  REQUIRE_MESSAGE(pattern.has_value(), std::string(match), ": ", (pattern ? std::string() : pattern.error().text));
  return std::move(*pattern);
}

inline Condition header_is(std::string name, std::string value) {
  return {Condition::Field::header, std::move(name), std::move(value)};
}
inline Condition query_is(std::string name, std::string value) {
  return {Condition::Field::query, std::move(name), std::move(value)};
}

struct Spec {
  Spec(const char* match, When when = {}) : match(match), when(std::move(when)) {}  // NOLINT: lists read better
  Spec(std::string match, When when = {}) : match(std::move(match)), when(std::move(when)) {}
  std::string match;
  When when;
};

inline auto build(const std::vector<Spec>& specs, std::vector<std::uint16_t> ports = {}) {
  std::vector<RouteSpec> routes;
  for (const Spec& spec : specs) routes.push_back({pattern_of(spec.match), spec.when});
  return RouteTable::build(std::move(routes), ports);
}

inline RouteTable table_of(const std::vector<Spec>& specs) {
  auto table = build(specs);
  REQUIRE_MESSAGE(table.has_value(), (table ? std::string() : table.error().front().why));
  return std::move(*table);
}

// A request's headers; its query is tested by the room's own function.
class TestFields final : public Fields {
 public:
  TestFields(std::multimap<std::string, std::string> headers, std::string query)
      : headers_(std::move(headers)), query_(std::move(query)) {}

  Tested test(const Condition& condition) const noexcept override {
    if (condition.field == Condition::Field::query) return test_query(query_, condition);
    if (headers_.count(condition.name) > 1) return Tested::repeated;
    const auto found = headers_.find(condition.name);
    return found != headers_.end() && found->second == condition.value ? Tested::holds : Tested::differs;
  }

 private:
  std::multimap<std::string, std::string> headers_;
  std::string query_;
};

struct Answer {
  Lookup lookup;
  std::vector<std::string> params;
};

// `request` is "METHOD host/path" or "METHOD host:port/path".
inline Answer ask(const RouteTable& table, const std::string& request, const Fields* fields = nullptr) {
  const std::size_t space = request.find(' ');
  const std::size_t slash = request.find('/', space);
  std::string host = request.substr(space + 1, slash - space - 1);
  std::uint16_t port = 80;
  if (const std::size_t colon = host.find(':'); colon != std::string::npos) {
    port = static_cast<std::uint16_t>(std::stoi(host.substr(colon + 1)));
    host.resize(colon);
  }
  const std::string method = request.substr(0, space);
  const std::string path = request.substr(slash);
  Params params;
  Answer answer{table.find({host, port, method, path, fields}, params), {}};
  for (const std::string_view value : params.span()) answer.params.emplace_back(value);
  return answer;
}

// The index of the route chosen; -1: none matches, -2: none by this method.
inline int route_of(const RouteTable& table, const std::string& request, const Fields* fields = nullptr) {
  const Lookup lookup = ask(table, request, fields).lookup;
  if (lookup.outcome == Lookup::Outcome::route) return static_cast<int>(lookup.route);
  return lookup.outcome == Lookup::Outcome::method_not_allowed ? -2 : -1;
}

}  // namespace tandem::routing::testing
