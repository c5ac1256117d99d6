#include "gateway/filters/cors.h"

#include <doctest/doctest.h>

using namespace tandem;
using gateway::is_listed_origin;

namespace {

std::string asked(http::Method method, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  http::RequestHead head;
  head.method = method;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return std::string(gateway::preflight_method(head));
}

}  // namespace

TEST_CASE("cors: origins are listed exactly, or with one label in place of a star") {
  const std::vector<std::string> listed = {"https://shop.example.com", "https://*.example.org:8443", "app://local"};
  for (const std::string_view origin :
       {"https://shop.example.com", "https://a.example.org:8443", "https://x-1.example.org:8443", "app://local"}) {
    CHECK_MESSAGE(is_listed_origin(origin, listed), origin);
  }
  for (const std::string_view origin :
       {"", "null", "http://shop.example.com", "https://shop.example.com:444", "https://evilshop.example.com",
        "https://shop.example.com.evil.com", "https://example.org:8443", "https://.example.org:8443",
        "https://a.b.example.org:8443", "https://a.example.org", "https://evil.com/.example.org:8443",
        "https://evil.com?.example.org:8443", "https://a@.example.org:8443", "https://SHOP.example.com"}) {
    CHECK_MESSAGE(!is_listed_origin(origin, listed), origin);
  }
  CHECK(is_listed_origin("https://any.where", {"*"}));
  CHECK(!is_listed_origin("null", {"*"}));
}

TEST_CASE("cors: a preflight is OPTIONS with one Origin and one asked method") {
  using enum http::Method;
  CHECK(asked(options, {{"Origin", "https://a"}, {"Access-Control-Request-Method", "PUT"}}) == "PUT");
  CHECK(asked(get, {{"Origin", "https://a"}, {"Access-Control-Request-Method", "PUT"}}) == "");
  CHECK(asked(options, {{"Access-Control-Request-Method", "PUT"}}) == "");
  CHECK(asked(options, {{"Origin", "https://a"}}) == "");
  CHECK(asked(options, {{"Origin", "https://a"}, {"Origin", "https://b"}, {"Access-Control-Request-Method", "PUT"}}) ==
        "");
}
