#include "gateway/routing/destination.h"

#include <doctest/doctest.h>

#include <string>

#include "gateway/routing/redirect.h"
#include "tests/gateway/routing/support.h"

using namespace tandem::routing;
using namespace tandem::routing::testing;

namespace {

struct Request {
  std::string match;
  std::vector<std::string_view> params;
  std::string path = "/as/it/came";
  std::optional<std::string_view> query = std::nullopt;
};

// The request target for the service; "refused" when the request is.
std::string target(const std::string& to, const Request& request) {
  const auto destination = parse_destination(to, pattern_of(request.match));
  REQUIRE_MESSAGE(destination, to, ": ", (destination ? std::string() : destination.error().text));
  std::string out = "GET ";
  const auto rendered =
      append_target(out, destination->path, {request.params, request.path, request.query, "https", "a.com"});
  if (rendered) return out.substr(4);
  CHECK(out == "GET ");
  CHECK(rendered.error().origin == tandem::Origin::client);
  CHECK(rendered.error().reason == "bad_request");
  return "refused";
}

std::string location(const std::string& to, const Request& request, std::string_view host = "a.com") {
  const auto redirect = Redirect::parse(to, pattern_of(request.match));
  REQUIRE_MESSAGE(redirect, to, ": ", (redirect ? std::string() : redirect.error().text));
  std::string out;
  const auto rendered = redirect->append_to(out, {request.params, request.path, request.query, "https", host});
  return rendered ? out : "refused";
}

struct Bad {
  const char* text;
  std::size_t offset;
  const char* word;
};

}  // namespace

TEST_CASE("to: without a path the normalised path goes on as it came, with its query") {
  CHECK(parse_destination("orders", pattern_of("/"))->upstream == "orders");
  CHECK(target("orders", {"/x", {}, "/a%20b/c", {}}) == "/a%20b/c");
  CHECK(target("orders", {"/x", {}, "/a", "x=1&y=%zz;"}) == "/a?x=1&y=%zz;");
  CHECK(target("orders", {"/x", {}, "/a", ""}) == "/a?");
}

TEST_CASE("to: values are put in and the client's query follows") {
  const Request request{"/users/{id:uint}/orders", {"7"}};
  CHECK(target("orders /v1/orders/{id}", request) == "/v1/orders/7");
  CHECK(target("orders /v1/orders?user={id}", request) == "/v1/orders?user=7");
  Request with_query = request;
  with_query.query = "page=2";
  CHECK(target("orders /v1/orders?user={id}", with_query) == "/v1/orders?user=7&page=2");
  CHECK(target("orders /v1/orders/{id}", with_query) == "/v1/orders/7?page=2");
  with_query.query = "";
  CHECK(target("orders /v1/orders?user={id}", with_query) == "/v1/orders?user=7");
  CHECK(target("orders /v1/x-{id}.json", request) == "/v1/x-7.json");
}

TEST_CASE("to: a value is encoded for its place") {
  const auto put = [](std::string_view value) { return target("s /v/{x}?y={x}", {"/{x}", {value}}); };
  CHECK(put("a%20b") == "/v/a%20b?y=a%20b");
  CHECK(put("a+b") == "/v/a+b?y=a%2Bb");
  CHECK(put("a&b=c") == "/v/a&b=c?y=a%26b%3Dc");
  CHECK(put("@evil") == "/v/@evil?y=%40evil");
  CHECK(put("a;x=1") == "/v/a%3Bx=1?y=a%3Bx%3D1");
  CHECK(put("%2570") == "/v/%2570?y=%2570");
  CHECK(put("a%2Fb") == "/v/a%2Fb?y=a%2Fb");
}

TEST_CASE("to: what could not come out of a normalised path cannot leave its place either") {
  const auto put = [](std::string_view value) { return target("s /v/{x}?y={x}", {"/{x}", {value}}); };
  CHECK(put("../admin") == "/v/..%2Fadmin?y=..%2Fadmin");
  CHECK(put("a?x=#y") == "/v/a%3Fx=%23y?y=a%3Fx%3D%23y");
  CHECK(put("a\r\nX: y") == "/v/a%0D%0AX:%20y?y=a%0D%0AX%3A%20y");
  CHECK(put("\"<%") == "/v/%22%3C%25?y=%22%3C%25");
  CHECK(put("\xff") == "/v/%FF?y=%FF");
}

TEST_CASE("to: no value makes up a dot segment") {
  for (const char* value : {".", "..", "%2e%2E", ".%2e", "..;x", "..%3Bx", "%2e;"}) {
    CHECK_MESSAGE(target("s /v/{x}", {"/{x}", {value}}) == "refused", std::string(value));
  }
  CHECK(target("s /v/{x}{y}", {"/{x}/{y}", {".", "."}}) == "refused");
  CHECK(target("s /v/.{x}", {"/{x}", {".;a"}}) == "refused");
  CHECK(target("s /v/{x}{y}", {"/{x}/{y}", {".", "a"}}) == "/v/.a");
  CHECK(target("s /v/{x}", {"/{x...}", {"a/../b"}}) == "refused");
}

TEST_CASE("to: a rest keeps its slashes and leaves none doubled") {
  const auto put = [](const std::string& to, std::string_view rest) { return target(to, {"/x/{rest...}", {rest}}); };
  CHECK(put("s /v/{rest}", "a/b/") == "/v/a/b/");
  CHECK(put("s /v/{rest}", "") == "/v/");
  CHECK(put("s /{rest}", "") == "/");
  CHECK(put("s /{rest}", "/evil.com") == "/evil.com");
  CHECK(put("s /{rest}", "//evil.com") == "/evil.com");
  CHECK(put("s /v/{rest}/end", "") == "/v/end");
  CHECK(put("s /v/{rest}/end", "a/") == "/v/a/end");
  CHECK(put("s /v?p={rest}", "a/b c") == "/v?p=a/b%20c");
}

TEST_CASE("to: a client cannot give again a query parameter that the route sets") {
  const auto with = [](std::string_view query) {
    return target("s /v?user={id}&kind[]=a", {"/{id}", {"7"}, "/7", query});
  };
  for (const char* query :
       {"user=8", "a=1&user=8", "User=8", "u%73er=8", "user[]=8", "user%5B0%5D=8", "user", "kind=b"}) {
    CHECK_MESSAGE(with(query) == "refused", std::string(query));
  }
  CHECK(with("users=8&x=user") == "/v?user=7&kind%5B%5D=a&users=8&x=user");
}

TEST_CASE("to: a query that could end its line is refused") {
  for (const char* query : {"a=\r\nX: y", "a b", "a#b", "a\x7f"}) {
    CHECK_MESSAGE(target("s", {"/x", {}, "/x", query}) == "refused", std::string(query));
  }
}

TEST_CASE("to: literals are normalised and braces doubled") {
  CHECK(target("s /caf\xc3\xa9/%7euser/{{a}}?q={{%7d", {"/x", {}}) == "/caf%C3%A9/~user/%7Ba%7D?q=%7B%7D");
  CHECK(target("s /a?b/c?d", {"/x", {}}) == "/a?b/c?d");
  CHECK(target("s /a?", {"/x", {}}) == "/a");
}

TEST_CASE("to: what is wrong is said with its place") {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"", 0, "missing"},
           {" /x", 0, "missing"},
           {"/x", 0, "upstream"},
           {"or.ders /x", 2, "upstream"},
           {"orders/x", 6, "space"},
           {"orders x", 7, "begins"},
           {"orders  /x", 7, "begins"},
           {"orders ", 7, "begins"},
           {"orders http://e/", 7, "begins"},
           {"orders /{no}", 8, "no parameter {no}"},
           {"orders /{host}", 8, "no parameter"},
           {"orders /{id", 8, "no \"}\""},
           {"orders /a}", 9, "}}"},
           {"orders /a?{id}=1", 10, "behind"},
           {"orders /a?{id}", 10, "behind"},
           {"orders /a?x=1&{id}", 14, "behind"},
           {"orders /a-{rest}", 10, "behind a \"/\""},
           {"orders /{rest}x", 14, "must end here"},
           {"orders /{rest}{id}", 14, "must end here"},
           {"orders //a", 8, "//"},
           {"orders /a//b", 10, "//"},
           {"orders /a/../b", 10, "dot"},
           {"orders /a/..", 10, "dot"},
           {"orders /a b", 9, "encoded"},
           {"orders /a#b", 9, "#"},
           {"orders /a?b=%0a", 12, "control"},
       }) {
    const auto destination = parse_destination(bad.text, pattern_of("/{id}/{rest...}"));
    const std::string shown = bad.text;
    REQUIRE_MESSAGE(!destination, shown);
    CHECK_MESSAGE(destination.error().offset == bad.offset, shown, " at ", destination.error().offset);
    CHECK_MESSAGE(destination.error().text.contains(bad.word), shown, ": ", destination.error().text);
  }
}

TEST_CASE("redirect: scheme, host, path, query and parameters") {
  const Request request{"/old/{rest...}", {"a/b"}, "/old/a/b", "x=1&y"};
  CHECK(location("https://{host}/new/{rest}", request) == "https://a.com/new/a/b");
  CHECK(location("{scheme}://www.{host}:8443{path}?{query}", request) == "https://www.a.com:8443/old/a/b?x=1&y");
  CHECK(location("/new/{rest}?{query}&from=old", request) == "/new/a/b?x=1&y&from=old");
  CHECK(location("/login?next={path}", request) == "/login?next=/old/a/b");
  CHECK(location("https://b.com", request) == "https://b.com/");
  CHECK(location("https://b.com/x{path}", request) == "https://b.com/x/old/a/b");
  CHECK(location("https://b.com/x/{path}", request) == "https://b.com/x/old/a/b");
  CHECK(location("/{host}/{scheme}", request) == "/a.com/https");
}

TEST_CASE("redirect: an empty query leaves no mark behind") {
  for (const std::optional<std::string_view> query :
       {std::optional<std::string_view>(), std::optional(std::string_view())}) {
    const Request request{"/x", {}, "/x", query};
    CHECK(location("{path}?{query}", request) == "/x");
    CHECK(location("{path}?{query}&a=1", request) == "/x?a=1");
    CHECK(location("{path}?a=1&{query}", request) == "/x?a=1");
    CHECK(location("{path}?a=1&{query}&b=2", request) == "/x?a=1&b=2");
  }
}

TEST_CASE("redirect: no other host and no second line, whatever comes") {
  CHECK(location("/{rest}", {"/{rest...}", {"/evil.com"}}) == "/evil.com");
  CHECK(location("/{rest}", {"/{rest...}", {"//evil.com/x"}}) == "/evil.com/x");
  CHECK(location("{path}", {"/x", {}, "//evil.com"}) == "/evil.com");
  CHECK(location("/{rest}", {"/{rest...}", {"\\evil.com"}}) == "/%5Cevil.com");
  CHECK(location("/{rest}", {"/{rest...}", {"a\r\nSet-Cookie: x"}}) == "/a%0D%0ASet-Cookie:%20x");
  CHECK(location("/?{query}", {"/x", {}, "/x", "a\r\nb"}) == "refused");
  CHECK(location("https://{host}/", {"/x", {}}, "") == "refused");
  CHECK(location("https://{host}/", {"/x", {}}, "a.com/@evil") == "refused");
  CHECK(location("https://{host}/", {"/x", {}}, "a\r\nb") == "refused");
}

TEST_CASE("redirect: what is wrong is said with its place") {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"", 0, "begins"},
           {"//evil.com/", 0, "another host"},
           {"evil.com/x", 0, "begins"},
           {"ftp://a.com/", 0, "begins"},
           {"javascript:alert(1)", 0, "begins"},
           {"{id}://a.com/", 0, "begins"},
           {"{id}", 0, "begins"},
           {"https:///x", 8, "missing"},
           {"https://{id}/x", 8, "only {host}"},
           {"https://a.com{id}/x", 13, "only {host}"},
           {"https://u@a.com/x", 9, "host"},
           {"https://a.com?x", 13, "path"},
           {"https://a.com/{no}", 14, "no parameter"},
           {"https://a.com/{query}", 14, "whole query"},
           {"https://a.com/?a={query}", 17, "whole query"},
           {"https://a.com/?{query}x", 22, "must end here"},
           {"https://a.com{path}x", 19, "must end here"},
       }) {
    const auto redirect = Redirect::parse(bad.text, pattern_of("/{id}"));
    const std::string shown = bad.text;
    REQUIRE_MESSAGE(!redirect, shown);
    CHECK_MESSAGE(redirect.error().offset == bad.offset, shown, " at ", redirect.error().offset);
    CHECK_MESSAGE(redirect.error().text.contains(bad.word), shown, ": ", redirect.error().text);
  }
  CHECK(!Redirect::parse("/x/{path}", pattern_of("/{path...}")));  // which of the two?
  CHECK(!Redirect::parse("https://{host}/", pattern_of("/{host}")));
}
