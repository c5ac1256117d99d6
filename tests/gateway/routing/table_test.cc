#include "gateway/routing/table.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/gateway/routing/support.h"

using namespace tandem::routing;
using namespace tandem::routing::testing;

TEST_CASE("table: host exact before wildcard before any, and it falls through") {
  const RouteTable table = table_of({"/x", "*.example.com/x", "api.example.com/x", "/only-any", "*.example.com/wild"});
  CHECK(route_of(table, "GET api.example.com/x") == 2);
  CHECK(route_of(table, "GET www.example.com/x") == 1);
  CHECK(route_of(table, "GET example.com/x") == 0);
  CHECK(route_of(table, "GET a.b.example.com/x") == 0);  // a wildcard is exactly one label
  CHECK(route_of(table, "GET .example.com/x") == 0);
  CHECK(route_of(table, "GET /x") == 0);  // HTTP/1.0 without a host
  CHECK(route_of(table, "GET api.example.com/wild") == 1 + 3);
  CHECK(route_of(table, "GET api.example.com/only-any") == 3);
  CHECK(route_of(table, "GET api.example.com/none") == -1);
}

TEST_CASE("table: a host is more specific than any path") {
  const RouteTable table = table_of({"/users/me", "api.example.com/{all...}"});
  CHECK(route_of(table, "GET api.example.com/users/me") == 1);
}

TEST_CASE("table: a port in `match` is the listener's, and comes before none") {
  const RouteTable table = table_of({"a.com/x", "a.com:8443/x", "*.b.com:8443/x"});
  CHECK(route_of(table, "GET a.com:8443/x") == 1);
  CHECK(route_of(table, "GET a.com:80/x") == 0);
  CHECK(route_of(table, "GET x.b.com:8443/x") == 2);
  CHECK(route_of(table, "GET x.b.com:80/x") == -1);
}

TEST_CASE("table: segment by segment, literal > uint, uuid > slug > untyped > rest") {
  const RouteTable table = table_of({"/v/{r...}", "/v/{x}", "/v/{x:slug}", "/v/{x:uuid}", "/v/{x:uint}", "/v/7"});
  CHECK(route_of(table, "GET h/v/7") == 5);
  CHECK(route_of(table, "GET h/v/8") == 4);
  CHECK(route_of(table, "GET h/v/08") == 2);
  CHECK(route_of(table, "GET h/v/123e4567-e89b-12d3-a456-426614174000") == 3);
  CHECK(route_of(table, "GET h/v/a-b") == 2);
  CHECK(route_of(table, "GET h/v/a.b") == 1);
  CHECK(route_of(table, "GET h/v/a/b") == 0);
  CHECK(route_of(table, "GET h/v/") == 0);
  CHECK(route_of(table, "GET h/v") == 0);
}

TEST_CASE("table: an earlier segment decides before a later one, and a dead end is left again") {
  const RouteTable table = table_of({"/a/{x}/c", "/{y}/b/c", "/a/b/{z}/d", "/{y}/{x}/{z}"});
  CHECK(route_of(table, "GET h/a/b/c") == 0);
  CHECK(route_of(table, "GET h/q/b/c") == 1);
  CHECK(route_of(table, "GET h/a/b/c/d") == 2);
  const Answer back = ask(table, "GET h/a/b/e");
  CHECK(back.lookup.route == 3);
  CHECK(back.params == std::vector<std::string>{"a", "b", "e"});
}

TEST_CASE("table: it falls through when the method lacks") {
  const RouteTable table = table_of({"POST /users/me", "GET /users/{id}", "DELETE h/users/{id}"});
  const Answer answer = ask(table, "GET h/users/me");
  CHECK(answer.lookup.route == 1);
  CHECK(answer.params == std::vector<std::string>{"me"});
  CHECK(route_of(table, "POST h/users/me") == 0);
  CHECK(route_of(table, "DELETE h/users/me") == 2);
}

TEST_CASE("table: method named before any") {
  const RouteTable table = table_of({"/x", "GET /x", {"/x", {header_is("a", "1")}}});
  CHECK(route_of(table, "GET h/x") == 1);
  CHECK(route_of(table, "POST h/x") == 0);
  const TestFields fields({{"a", "1"}}, "");
  CHECK(route_of(table, "GET h/x", &fields) == 1);
  CHECK(route_of(table, "POST h/x", &fields) == 2);
}

TEST_CASE("table: HEAD follows GET, unless a route names HEAD itself") {
  const RouteTable table = table_of({"GET /x", "/x", "GET /y", {"HEAD /y", {query_is("probe", "1")}}});
  CHECK(route_of(table, "HEAD h/x") == 0);
  CHECK(route_of(table, "HEAD h/y") == 2);
  const TestFields probe({}, "probe=1");
  CHECK(route_of(table, "HEAD h/y", &probe) == 3);
  CHECK(route_of(table, "GET h/y", &probe) == 2);
}

TEST_CASE("table: 405 lists the methods that would match, with HEAD and OPTIONS") {
  const RouteTable table = table_of(
      {"GET /x", "POST,PUT /{any}", {"DELETE /x", {query_is("force", "1")}}, "PATCH other/x", "PURGE /y", "/z"});
  const auto allow = [&](const std::string& request, const Fields* fields = nullptr) {
    const Lookup lookup = ask(table, request, fields).lookup;
    return lookup.outcome == Lookup::Outcome::method_not_allowed ? table.allow(lookup.allowed) : std::string();
  };
  CHECK(allow("TRACE h/x") == "GET, HEAD, POST, PUT, OPTIONS");
  CHECK(allow("TRACE other/x") == "GET, HEAD, POST, PUT, PATCH, OPTIONS");
  CHECK(allow("UNKNOWN h/x") == "GET, HEAD, POST, PUT, OPTIONS");
  const TestFields force({}, "force=1");
  CHECK(allow("TRACE h/x", &force) == "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  CHECK(allow("GET h/y") == "POST, PUT, OPTIONS, PURGE");
  CHECK(route_of(table, "PURGE h/y") == 4);
  CHECK(route_of(table, "UNKNOWN h/z") == 5);
  CHECK(route_of(table, "GET h/x/y") == -1);
  CHECK(route_of(table, "get h/x") == -2);  // methods are compared with regard to case
}

TEST_CASE("table: more conditions come first") {
  const RouteTable table = table_of({"/x",
                                     {"/x", {header_is("v", "2")}},
                                     {"/x", {header_is("v", "2"), query_is("debug", "1")}},
                                     {"/x", {header_is("v", "3")}}});
  const auto with = [&](std::multimap<std::string, std::string> headers, std::string query) {
    const TestFields fields(std::move(headers), std::move(query));
    return route_of(table, "GET h/x", &fields);
  };
  CHECK(with({}, "") == 0);
  CHECK(with({{"v", "2"}}, "") == 1);
  CHECK(with({{"v", "2"}}, "debug=1") == 2);
  CHECK(with({{"v", "3"}}, "debug=1") == 3);
  CHECK(with({{"v", "4"}}, "debug=1") == 0);
  CHECK(route_of(table, "GET h/x") == 0);
}

TEST_CASE("table: a field given twice is reported when a route would be chosen by it") {
  const RouteTable table = table_of({"/x", {"GET /x", {query_is("v", "2")}}, "/y"});
  const TestFields twice({}, "v=2&a=b&v=3");
  const Answer answer = ask(table, "GET h/x", &twice);
  CHECK(answer.lookup.outcome == Lookup::Outcome::repeated_field);
  REQUIRE(answer.lookup.repeated != nullptr);
  CHECK(answer.lookup.repeated->name == "v");
  CHECK(route_of(table, "POST h/x", &twice) == 0);
  CHECK(route_of(table, "GET h/y", &twice) == 2);
}

TEST_CASE("table: query conditions compare decoded text") {
  const Condition a_b = query_is("a b", "c&d");
  CHECK(test_query("a+b=c%26d", a_b) == Tested::holds);
  CHECK(test_query("x=1&a%20b=c%26d&", a_b) == Tested::holds);
  CHECK(test_query("a+b=c", a_b) == Tested::differs);
  CHECK(test_query("a+b=c%26dd", a_b) == Tested::differs);
  CHECK(test_query("", a_b) == Tested::differs);
  CHECK(test_query("a+b=c%26d&a%20b=c%26d", a_b) == Tested::repeated);
  CHECK(test_query("x;v=1", query_is("v", "1")) == Tested::differs);
  CHECK(test_query("v", query_is("v", "")) == Tested::holds);
  CHECK(test_query("w", query_is("v", "")) == Tested::differs);
}

TEST_CASE("table: a parameter is a non-empty segment, and a last slash counts") {
  const RouteTable table = table_of({"/x", "/y/", "/p/{a}", "/q/{a}/{rest...}", "/"});
  CHECK(route_of(table, "GET h/x") == 0);
  CHECK(route_of(table, "GET h/x/") == -1);
  CHECK(route_of(table, "GET h/y/") == 1);
  CHECK(route_of(table, "GET h/y") == -1);
  CHECK(route_of(table, "GET h/p/") == -1);
  CHECK(route_of(table, "GET h/p") == -1);
  CHECK(route_of(table, "GET h/q//b") == -1);
  CHECK(route_of(table, "GET h/") == 4);
  CHECK(route_of(table, "GET h/X") == -1);  // case matters
}

TEST_CASE("table: {x...} takes zero or more segments and keeps their slashes") {
  const RouteTable table = table_of({"/old/{rest...}", "/deep/{a}/{rest...}"});
  CHECK(ask(table, "GET h/old").params == std::vector<std::string>{""});
  CHECK(ask(table, "GET h/old/").params == std::vector<std::string>{""});
  CHECK(ask(table, "GET h/old/a").params == std::vector<std::string>{"a"});
  CHECK(ask(table, "GET h/old/a/b/").params == std::vector<std::string>{"a/b/"});
  CHECK(ask(table, "GET h/deep/x/a/b").params == std::vector<std::string>{"x", "a/b"});
  CHECK(ask(table, "GET h/deep/x").params == std::vector<std::string>{"x", ""});
  CHECK(route_of(table, "GET h/deep") == -1);
  CHECK(route_of(table_of({"/{rest...}"}), "GET h/") == 0);
}

TEST_CASE("table: escaped literals match the normalised path") {
  const RouteTable table = table_of({"/caf%c3%a9/%41", "/a{{b}}"});
  CHECK(route_of(table, "GET h/caf%C3%A9/A") == 0);
  CHECK(route_of(table, "GET h/a%7Bb%7D") == 1);
}

TEST_CASE("table: an empty table, and a target that is no path, have no route") {
  CHECK(route_of(table_of({}), "GET h/x") == -1);
  Params params;
  CHECK(table_of({"/{rest...}"}).find({"h", 80, "OPTIONS", "*"}, params).outcome == Lookup::Outcome::no_route);
  CHECK(table_of({"/{rest...}"}).find({"h", 80, "OPTIONS", ""}, params).outcome == Lookup::Outcome::no_route);
}

TEST_CASE("table: a path of very many segments is walked no deeper than the routes are") {
  std::string path;
  for (int i = 0; i < 100000; ++i) path += "/a";
  const RouteTable table = table_of({"/a/{x}/{y}", "/{x}/a/a/b", "GET /a/{rest...}"});
  CHECK(route_of(table, "GET h" + path) == 2);
  CHECK(route_of(table, "POST h" + path) == -2);
}
