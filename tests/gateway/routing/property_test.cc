// The compiled table against a matcher that tries every route: the same answer for random tables and random requests.
#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gateway/routing/explain.h"
#include "gateway/routing/table.h"
#include "tests/gateway/routing/support.h"

using namespace tandem::routing;
using namespace tandem::routing::testing;

namespace {

using Random = std::minstd_rand;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

const char* pick(Random& random, std::initializer_list<const char*> from) {
  return from.begin()[below(random, from.size())];
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> segments(1);
  for (const char c : path.substr(1)) {
    if (c == '/') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

// How specific a match is; smaller is more specific, compared from the first number on. Nothing when it does not match.
using Score = std::vector<int>;

std::optional<Score> score(const RouteSpec& spec, const RouteRequest& request, bool ignore_method = false) {
  const MatchPattern& p = spec.pattern;
  Score score{static_cast<int>(p.host_kind), p.port == 0};
  if (p.host_kind == HostKind::exact && request.host != p.host) return {};
  if (p.host_kind == HostKind::wildcard) {
    const std::string suffix = "." + p.host;
    if (!request.host.ends_with(suffix) || request.host.size() == suffix.size()) return {};
    if (request.host.substr(0, request.host.size() - suffix.size()).contains('.')) return {};
  }
  if (p.port != 0 && p.port != request.port) return {};
  const std::vector<std::string> segments = split(std::string(request.path));
  std::size_t i = 0;
  for (const Segment& segment : p.segments) {
    score.push_back(static_cast<int>(segment.kind));
    if (segment.kind == SegmentKind::rest) {
      i = segments.size();
      break;
    }
    if (i == segments.size()) return {};
    const std::string& text = segments[i++];
    if (segment.kind == SegmentKind::literal ? text != segment.text : text.empty()) return {};
    if (segment.kind == SegmentKind::uint && !is_uint(text)) return {};
    if (segment.kind == SegmentKind::uuid && !is_uuid(text)) return {};
    if (segment.kind == SegmentKind::slug && !is_slug(text)) return {};
  }
  if (i != segments.size()) return {};
  score.push_back(-1);  // the end is more specific than an empty rest
  const std::set<std::string_view> methods(p.methods.begin(), p.methods.end());
  if (methods.empty()) {
    score.push_back(2);
  } else if (methods.contains(request.method)) {
    score.push_back(0);
  } else if (request.method == "HEAD" && methods.contains("GET")) {
    score.push_back(1);
  } else if (!ignore_method) {
    return {};
  }
  for (const Condition& condition : spec.when) {
    if (request.fields->test(condition) != Tested::holds) return {};
  }
  score.push_back(-static_cast<int>(spec.when.size()));
  return score;
}

struct Naive {
  int route = -1;  // as route_of() has it
  MethodMask allowed = 0;
};

Naive naive(const RouteTable& table, const RouteRequest& request) {
  Naive best;
  std::optional<Score> best_score;
  bool other_method = false;
  for (std::size_t i = 0; i < table.routes().size(); ++i) {
    const auto one = score(table.routes()[i], request);
    if (one && (!best_score || *one < *best_score)) {
      best_score = one;
      best.route = static_cast<int>(i);
    }
    other_method = other_method || score(table.routes()[i], request, true);
  }
  if (!best_score && other_method) best.route = -2;
  return best;
}

std::string random_host(Random& random) {
  return pick(random, {"", "a.com", "b.a.com", "c.a.com", "x.b.a.com", "other.org", ".a.com", "com"});
}

std::string random_literal(Random& random, std::size_t variety) {
  if (below(random, 3) == 0) return pick(random, {"a", "b", "7", "me"});
  return "s" + std::to_string(below(random, variety));
}

Spec random_spec(Random& random, std::size_t variety) {
  std::string match = pick(random, {"", "", "GET ", "POST ", "GET,POST ", "HEAD ", "PURGE,PUT "});
  const std::string host = pick(random, {"", "", "", "a.com", "b.a.com", "*.a.com", "a.com:81", "*.a.com:81"});
  match += host;
  const std::size_t depth = 1 + below(random, 4);
  for (std::size_t i = 0; i < depth; ++i) {
    const std::string n = std::to_string(i);
    switch (below(random, 8)) {
      case 0: match += "/{u" + n + ":uint}"; break;
      case 1: match += "/{i" + n + ":uuid}"; break;
      case 2: match += "/{s" + n + ":slug}"; break;
      case 3: match += "/{x" + n + "}"; break;
      default: match += "/" + random_literal(random, variety);
    }
  }
  match += pick(random, {"", "", "", "/", "/{rest...}"});
  When when;
  if (below(random, 5) == 0) when.push_back(header_is("v", pick(random, {"1", "2"})));
  if (below(random, 5) == 0) when.push_back(query_is("q", pick(random, {"1", "2"})));
  return {match, when};
}

std::string random_path(Random& random, std::size_t variety) {
  if (below(random, 30) == 0) return "/";
  std::string path;
  const std::size_t depth = 1 + below(random, 5);
  for (std::size_t i = 0; i < depth; ++i) {
    switch (below(random, 6)) {
      case 0: path += "/" + std::to_string(below(random, 100)); break;
      case 1: path += "/123e4567-e89b-12d3-a456-426614174000"; break;
      case 2: path += pick(random, {"/a.b", "/007", "/a-b", "/%20"}); break;
      default: path += "/" + random_literal(random, variety);
    }
  }
  return path + pick(random, {"", "", "", "/"});
}

// A table of the given size out of random routes: those that are in conflict are left out until none is.
RouteTable random_table(Random& random, std::size_t size, std::size_t variety) {
  std::vector<RouteSpec> routes;
  for (std::size_t i = 0; i < size; ++i) {
    Spec spec = random_spec(random, variety);
    routes.push_back({pattern_of(spec.match), std::move(spec.when)});
  }
  while (true) {
    auto table = RouteTable::build(routes);
    if (table) return std::move(*table);
    std::set<std::uint32_t> bad;
    for (const Conflict& conflict : table.error()) bad.insert(conflict.route);
    std::vector<RouteSpec> kept;
    for (std::uint32_t i = 0; i < routes.size(); ++i) {
      if (!bad.contains(i)) kept.push_back(std::move(routes[i]));
    }
    routes = std::move(kept);
  }
}

void compare(const RouteTable& table, Random& random, std::size_t requests, std::size_t variety) {
  for (std::size_t i = 0; i < requests; ++i) {
    const std::string host = random_host(random);
    const std::string path = random_path(random, variety);
    const char* method = pick(random, {"GET", "HEAD", "POST", "PUT", "PURGE", "NEW"});
    const TestFields fields({{"v", pick(random, {"1", "2", "3"})}}, pick(random, {"q=1", "q=2", "", "p=1"}));
    const RouteRequest request{host, static_cast<std::uint16_t>(80 + below(random, 2)), method, path, &fields};
    Params params;
    const Lookup lookup = table.find(request, params);
    const int found = lookup.outcome == Lookup::Outcome::route                ? static_cast<int>(lookup.route)
                      : lookup.outcome == Lookup::Outcome::method_not_allowed ? -2
                                                                              : -1;
    const int expected = naive(table, request).route;
    REQUIRE_MESSAGE(found == expected, method, " ", host, ":", request.port, path);
    if (found < 0) continue;
    const MatchPattern& pattern = table.routes()[lookup.route].pattern;
    REQUIRE(params.count == pattern.params().size());
    for (const std::string_view value : params.span()) {
      REQUIRE((value.empty() || (value.data() >= path.data() && value.data() < path.data() + path.size())));
    }
  }
}

}  // namespace

TEST_CASE("property: small tables answer as a matcher that tries every route does") {
  Random random(1);
  for (int round = 0; round < 300; ++round) compare(random_table(random, 1 + below(random, 30), 3), random, 60, 3);
}

TEST_CASE("property: a table of 10,000 routes answers as a matcher that tries every route does") {
  Random random(2);
  const RouteTable table = random_table(random, 14000, 300);
  REQUIRE(table.routes().size() > 10000);
  compare(table, random, 150, 300);
}

TEST_CASE("property: explain names the chosen route and gives every other one a reason") {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const RouteTable table = random_table(random, 20, 2);
    const std::string host = random_host(random);
    const std::string path = random_path(random, 2);
    const TestFields fields({{"v", "1"}}, "q=1");
    const RouteRequest request{host, 80, pick(random, {"GET", "HEAD", "POST"}), path, &fields};
    Params params;
    const Lookup lookup = table.find(request, params);
    const std::vector<Verdict> verdicts = explain(table, request);
    REQUIRE(verdicts.size() == table.routes().size());
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const bool chosen = lookup.outcome == Lookup::Outcome::route && lookup.route == i;
      CHECK((verdicts[i].kind == Verdict::Kind::chosen) == chosen);
      CHECK(verdicts[i].why.empty() == chosen);
      CHECK(verdicts[i].matches() == score(table.routes()[i], request).has_value());
    }
  }
}
