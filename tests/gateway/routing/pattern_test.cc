#include "gateway/routing/pattern.h"

#include <doctest/doctest.h>

#include <string>

using namespace tandem::routing;

namespace {

struct Bad {
  const char* match;
  std::size_t offset;
  const char* word;  // stands in the message
};

}  // namespace

TEST_CASE("match: methods, host, port and path are told apart") {
  const auto pattern = parse_match("GET,POST API.example.com:8443/users/{id:uint}/orders");
  REQUIRE(pattern);
  CHECK(pattern->methods == std::vector<std::string>{"GET", "POST"});
  CHECK(pattern->host_kind == HostKind::exact);
  CHECK(pattern->host == "api.example.com");
  CHECK(pattern->port == 8443);
  REQUIRE(pattern->segments.size() == 3);
  CHECK(pattern->segments[0] == Segment{SegmentKind::literal, "users"});
  CHECK(pattern->segments[1] == Segment{SegmentKind::uint, "id"});
  CHECK(pattern->segments[2] == Segment{SegmentKind::literal, "orders"});
}

TEST_CASE("match: without methods all, without a host any") {
  const auto pattern = parse_match("/");
  REQUIRE(pattern);
  CHECK(pattern->methods.empty());
  CHECK(pattern->host_kind == HostKind::any);
  CHECK(pattern->port == 0);
  REQUIRE(pattern->segments.size() == 1);
  CHECK(pattern->segments[0] == Segment{SegmentKind::literal, ""});
}

TEST_CASE("match: wildcard, IPv6 and rooted hosts") {
  CHECK(parse_match("*.example.com/")->host_kind == HostKind::wildcard);
  CHECK(parse_match("*.example.com/")->host == "example.com");
  CHECK(parse_match("example.com./")->host == "example.com");
  CHECK(parse_match("[2001:DB8::1]:80/")->host == "[2001:db8::1]");
  CHECK(parse_match("[2001:DB8::1]:80/")->port == 80);
  CHECK(parse_match("127.0.0.1/")->host == "127.0.0.1");
  CHECK(parse_match("my_host/")->host == "my_host");
}

TEST_CASE("match: parameters know their names and which one takes the rest") {
  const auto pattern = parse_match("/a/{x}/{y:uuid}/{z:slug}/{rest...}");
  REQUIRE(pattern);
  CHECK(pattern->params() == std::vector<std::string_view>{"x", "y", "z", "rest"});
  CHECK(pattern->param_index("z") == 2);
  CHECK(!pattern->param_index("a"));
  CHECK(pattern->is_rest(3));
  CHECK(!pattern->is_rest(0));
  CHECK(pattern->segments.back().kind == SegmentKind::rest);
}

TEST_CASE("match: a literal is spelled as a normalised path is") {
  CHECK(parse_match("/%61b%c3%a9")->segments[0].text == "ab%C3%A9");
  CHECK(parse_match("/caf\xc3\xa9")->segments[0].text == "caf%C3%A9");
  CHECK(parse_match("/a{{b}}c")->segments[0].text == "a%7Bb%7Dc");
  CHECK(parse_match("/{{id}}")->segments[0].text == "%7Bid%7D");
  CHECK(parse_match("/a%2bb+c;d=e@f:g")->segments[0].text == "a%2Bb+c;d=e@f:g");
  CHECK(parse_match("/x/")->segments.size() == 2);
}

TEST_CASE("match: what is wrong is said with its place") {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"", 0, "empty"},
           {" /x", 0, "space"},
           {"GET  /x", 4, "one space"},
           {"GET /x y", 6, "space"},
           {"get /x", 0, "capitals"},
           {"GET,post /x", 4, "capitals"},
           {"GET,,POST /x", 4, "missing"},
           {"GET, POST /x", 4, "missing"},
           {",GET /x", 0, "missing"},
           {"GET,GET /x", 4, "twice"},
           {"CONNECT /x", 0, "CONNECT"},
           {"/a /b", 0, "no method"},
           {"GET", 3, "no path"},
           {"api.example.com", 15, "no path"},
           {"GET api.example.com", 19, "no path"},
           {":80/x", 0, "host"},
           {"a:/x", 2, "port"},
           {"a:0/x", 2, "port"},
           {"a:65536/x", 2, "port"},
           {"a:080/x", 2, "port"},
           {"a:8x/x", 2, "port"},
           {"*/x", 0, "one label"},
           {"a.*.b/x", 2, "one label"},
           {"*.*.b/x", 2, "one label"},
           {"a..b/x", 2, "empty"},
           {".a/x", 0, "empty"},
           {"*./x", 2, "host"},
           {"b\xc3\xbc.de/x", 1, "xn--"},
           {"a$b/x", 1, "host"},
           {"[::1/x", 0, "IPv6"},
           {"[1.2.3.4]/x", 0, "IPv6"},
           {"/a//b", 3, "//"},
           {"//b", 1, "//"},
           {"/a/../b", 3, "dot"},
           {"/./b", 1, "dot"},
           {"/%2e%2E/b", 1, "dot"},
           {"/..;x/b", 1, "dot"},
           {"/a?x=1", 2, "query"},
           {"/a#b", 2, "#"},
           {"/a%2", 2, "hexadecimal"},
           {"/a%zz", 2, "hexadecimal"},
           {"/a%00", 2, "control"},
           {"/a%2Fb", 2, "slash"},
           {"/a%5cb", 2, "slash"},
           {"/a\\b", 2, "encoded"},
           {"/a\"b", 2, "encoded"},
           {"/a\tb", 2, "control"},
           {"/%c3%28", 1, "UTF-8"},
           {"/\xc0\xaf", 1, "UTF-8"},
           {"/%ed%a0%80", 1, "UTF-8"},
           {"/a{x}", 2, "whole segment"},
           {"/{x}a", 4, "whole segment"},
           {"/{x}{y}", 4, "whole segment"},
           {"/a}b", 2, "}}"},
           {"/{x", 1, "no \"}\""},
           {"/{}", 1, "name"},
           {"/{:uint}", 1, "name"},
           {"/{Id}", 2, "a-z"},
           {"/{1d}", 2, "a-z"},
           {"/{a b}", 0, "no method"},
           {"/{a.b}", 3, "a-z"},
           {"/{x:int}", 4, "uint, uuid and slug"},
           {"/{x:uint...}", 4, "no type"},
           {"/{x...}/y", 7, "nothing"},
           {"/{x...}/", 7, "nothing"},
           {"/{x}/{x}", 5, "twice"},
       }) {
    const auto pattern = parse_match(bad.match);
    const std::string shown = bad.match;
    REQUIRE_MESSAGE(!pattern, shown);
    CHECK_MESSAGE(pattern.error().offset == bad.offset, shown, " at ", pattern.error().offset, ": ",
                  pattern.error().text);
    CHECK_MESSAGE(pattern.error().text.contains(bad.word), shown, ": ", pattern.error().text);
  }
}

TEST_CASE("match: parameters, segments and labels are bounded") {
  std::string params, segments;
  for (int i = 0; i < 16; ++i) params += "/{p" + std::to_string(i) + "}";
  CHECK(parse_match(params));
  CHECK(!parse_match(params + "/{q}"));
  for (int i = 0; i < 64; ++i) segments += "/s";
  CHECK(parse_match(segments));
  CHECK(!parse_match(segments + "/s"));
  CHECK(parse_match(std::string(63, 'a') + ".b/"));
  CHECK(!parse_match(std::string(64, 'a') + ".b/"));
}

TEST_CASE("segment types: the edges of uint, uuid and slug") {
  for (const char* text : {"0", "7", "10", "9999999999999999999"}) CHECK_MESSAGE(is_uint(text), std::string(text));
  for (const char* text : {"", "00", "07", "-1", "+1", "1.0", "1a", " 1", "%31", "10000000000000000000"}) {
    CHECK_MESSAGE(!is_uint(text), std::string(text));
  }
  CHECK(is_uuid("123e4567-e89b-12d3-a456-426614174000"));
  CHECK(is_uuid("123E4567-E89B-12D3-A456-426614174000"));
  for (const char* text : {"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400",
                           "123e4567-e89b-12d3-a456-4266141740000", "g23e4567-e89b-12d3-a456-426614174000",
                           "{23e4567-e89b-12d3-a456-42661417400}", "123e4567-e89b-12d3-a4564-26614174000"}) {
    CHECK_MESSAGE(!is_uuid(text), std::string(text));
  }
  for (const char* text : {"a", "A-b_9", "-", "123"}) CHECK_MESSAGE(is_slug(text), std::string(text));
  for (const char* text : {"", "a.b", "a b", "a%20b", "\xc3\xa9", "a;b", "~"})
    CHECK_MESSAGE(!is_slug(text), std::string(text));
}
