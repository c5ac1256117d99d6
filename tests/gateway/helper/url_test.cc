#include "gateway/helper/url.h"

#include <doctest/doctest.h>

#include "gateway/helper/fetch.h"

using namespace tandem;
using namespace std::chrono_literals;
using gateway::HttpUrl;

TEST_CASE("helper url: parts, default ports and addresses") {
  const auto url = HttpUrl::parse("https://ID.example.com./a/b?c=d");
  REQUIRE(url);
  CHECK(url->secure);
  CHECK(url->host == "id.example.com");
  CHECK(url->port == 443);
  CHECK(url->target == "/a/b?c=d");
  CHECK(url->to_string() == "https://id.example.com/a/b?c=d");
  CHECK(HttpUrl::parse("http://[::1]:8080")->authority() == "[::1]:8080");
  CHECK(HttpUrl::parse("http://[::1]")->port == 80);
  CHECK(HttpUrl::parse("http://127.0.0.1:80/x")->to_string() == "http://127.0.0.1/x");
  CHECK(HttpUrl::parse("http://x?q")->target == "/?q");
}

TEST_CASE("helper url: what is none") {
  for (const char* text : {"", "x", "ftp://x", "HTTPS://x", "https://", "https:///x", "https://a@x", "https://x:0/",
                           "https://x:70000", "https://x:", "https://x y", "https://x/#f", "https://x/\r\nHost: y",
                           "https://[::1", "https://[127.0.0.1]", "https://x:80:90", "https://x/\xc3\xa4"}) {
    CHECK_MESSAGE(!HttpUrl::parse(text), text);
  }
}

TEST_CASE("freshness: max-age, the shortest of several, and what forbids keeping") {
  CHECK(!gateway::freshness(""));
  CHECK(!gateway::freshness("public, s-maxage=5"));
  CHECK(gateway::freshness("public, Max-Age=60") == 60s);
  CHECK(gateway::freshness("max-age=60, max-age=5") == 5s);
  for (const char* none : {"no-store", "no-cache, max-age=60", "max-age=60, NO-STORE", "max-age=x", "max-age=-1",
                           "max-age=99999999999", "max-age=\"5\"", "max-age="}) {
    CHECK_MESSAGE(gateway::freshness(none) == 0s, none);
  }
}
