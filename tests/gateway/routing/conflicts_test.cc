#include <doctest/doctest.h>

#include <string>

#include "gateway/routing/table.h"
#include "tests/gateway/routing/support.h"

using namespace tandem::routing;
using namespace tandem::routing::testing;

namespace {

using Kind = Conflict::Kind;
using Others = std::vector<std::uint32_t>;

std::vector<Conflict> conflicts_of(const std::vector<Spec>& specs, std::vector<std::uint16_t> ports = {}) {
  auto table = build(specs, std::move(ports));
  return table ? std::vector<Conflict>() : table.error();
}

bool fine(const std::vector<Spec>& specs, std::vector<std::uint16_t> ports = {}) {
  return conflicts_of(specs, std::move(ports)).empty();
}

}  // namespace

TEST_CASE("conflicts: two equal routes tie, the later one is named") {
  const auto conflicts = conflicts_of({"/a", "GET,POST h/users/{id}", "/b", "POST,PUT h/users/{name}"});
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].kind == Kind::tie);
  CHECK(conflicts[0].route == 3);
  CHECK(conflicts[0].others == Others{1});
  CHECK(conflicts[0].why.contains("POST"));
  CHECK(!conflicts[0].why.contains("PUT"));
}

TEST_CASE("conflicts: every tie is reported, in the order of the routes") {
  const auto conflicts = conflicts_of({"/a", "/a", "/b/{x...}", "/a", "/b/{y...}"});
  REQUIRE(conflicts.size() == 3);
  CHECK(conflicts[0].route == 1);
  CHECK(conflicts[1].route == 3);
  CHECK(conflicts[1].others == Others{0, 1});
  CHECK(conflicts[2].route == 4);
  CHECK(conflicts[2].why.contains("any method"));
}

TEST_CASE("conflicts: routes that differ in host, port, path, type, method or rank do not tie") {
  CHECK(fine({"/a", "h/a", "*.h/a", "h:80/a", "*.h:80/a", "/a/", "/b", "/{x}", "/{x:uint}", "/{x:uuid}", "/{x:slug}"}));
  CHECK(fine({"/a", "GET /a", "HEAD /a", "POST,PUT /a"}));
  CHECK(fine({"/a", {"/a", {header_is("x", "1")}}, {"GET /a", {header_is("x", "1")}}}));
}

TEST_CASE("conflicts: an equal number of conditions ties unless one field is tested for different values") {
  CHECK(fine({{"/a", {header_is("X-V", "1")}}, {"/a", {header_is("x-v", "2")}}}));
  CHECK(fine({{"/a", {header_is("v", "1"), query_is("q", "1")}}, {"/a", {query_is("q", "2"), header_is("z", "1")}}}));
  CHECK(!fine({{"/a", {header_is("v", "1")}}, {"/a", {query_is("v", "2")}}}));
  CHECK(!fine({{"/a", {header_is("v", "1")}}, {"/a", {header_is("v", "1")}}}));
  CHECK(!fine({{"/a", {query_is("v", "1")}}, {"/a", {query_is("V", "2")}}}));
  const auto conflicts = conflicts_of({{"/a", {header_is("v", "1")}}, {"/a", {header_is("w", "2")}}});
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].why.contains("conditions"));
}

TEST_CASE("conflicts: one field tested twice in one route is an error") {
  const auto conflicts = conflicts_of({{"/a", {header_is("X-A", "1"), header_is("x-a", "2")}}});
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].kind == Kind::invalid);
  CHECK(conflicts[0].others.empty());
}

TEST_CASE("conflicts: a rest that more specific routes take whole can never be chosen") {
  const auto conflicts = conflicts_of({"/a/{x...}", "/a", "/a/", "/a/{y}/{z...}"});
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].kind == Kind::unreachable);
  CHECK(conflicts[0].route == 0);
  CHECK(conflicts[0].others == Others{1, 2, 3});

  CHECK(!fine({"/{x...}", "/", "/{y}/{z...}"}));  // at the root there is no path without a segment
  CHECK(!fine({"/a/{x...}", "/a", "/a/", "/a/{y}", "/a/{y}/", "/a/{y}/{q}/{z...}"}));
  CHECK(!fine({"GET /a/{x...}", "/a", "GET,POST /a/", "GET /a/{y}/{z...}", "POST /a/{y}/{z...}"}));
  CHECK(!fine({{"/a/{x...}", {header_is("v", "1")}}, "/a", "/a/", {"/a/{y}/{z...}", {header_is("v", "1")}}}));
}

TEST_CASE("conflicts: a rest that is chosen for something stays") {
  CHECK(fine({"/a/{x...}", "/a/", "/a/{y}/{z...}"}));
  CHECK(fine({"/a/{x...}", "/a", "/a/{y}/{z...}"}));
  CHECK(fine({"/a/{x...}", "/a", "/a/", "/a/{y}"}));
  CHECK(fine({"/a/{x...}", "/a", "/a/", "/a/{y:slug}/{z...}"}));
  CHECK(fine({"/a/{x...}", "GET /a", "/a/", "/a/{y}/{z...}"}));
  CHECK(fine({"GET,POST /a/{x...}", "/a", "GET /a/", "/a/{y}/{z...}"}));
  CHECK(fine({"/a/{x...}", "/a", "/a/", {"/a/{y}/{z...}", {header_is("v", "1")}}}));
  CHECK(fine({"/a/{x...}", "h/a", "h/a/", "h/a/{y}/{z...}"}));
}

TEST_CASE("conflicts: a port that no listener has, and a route whose every port is taken, can never be chosen") {
  CHECK(fine({"h:81/a"}));
  CHECK(fine({"h:81/a"}, {80, 81}));
  const auto no_port = conflicts_of({"h:82/a"}, {80, 81});
  REQUIRE(no_port.size() == 1);
  CHECK(no_port[0].kind == Kind::unreachable);
  CHECK(no_port[0].why.contains("82"));

  const auto taken = conflicts_of({"h/a/{x}", "h:80/a/{y}", "h:81/a/{z}", "h/b"}, {80, 81});
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].route == 0);
  CHECK(taken[0].others == Others{1, 2});
  CHECK(fine({"h/a/{x}", "h:80/a/{y}", "GET h:81/a/{z}"}, {80, 81}));
  CHECK(fine({"h/a/{x}", "h:80/a/{y}", "h:81/a/b"}, {80, 81}));
}

TEST_CASE("conflicts: more methods than a mask has bits are an error, not a mistake") {
  std::vector<Spec> specs;
  for (int i = 0; i < 56; ++i) specs.emplace_back("M" + std::to_string(i) + " /x" + std::to_string(i));
  const auto conflicts = conflicts_of(specs);
  REQUIRE(conflicts.size() == 1);
  CHECK(conflicts[0].kind == Kind::invalid);
  CHECK(conflicts[0].route == 55);
}
