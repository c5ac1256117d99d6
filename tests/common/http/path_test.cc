#include "common/http/path.h"

#include <doctest/doctest.h>

using namespace tandem::http;

namespace {

std::string normal(std::string_view path, PathRules rules = {}) {
  std::string buffer;
  const auto result = normalize_path(path, buffer, rules);
  if (!result) return "refused";
  std::string again;
  CHECK(normalize_path(*result, again, rules) == *result);  // the normal form is normal
  return std::string(*result);
}

}  // namespace

TEST_CASE("path: one that is normal already is given back as it is") {
  for (const std::string_view path : {"/", "/a", "/a/b/", "/a.b/c..d/e...", "/users/7;v=1/x,y", "/!$&'()*+,;=:@-_~"}) {
    std::string buffer;
    const auto result = normalize_path(path, buffer);
    REQUIRE(result);
    CHECK(result->data() == path.data());
    CHECK(result->size() == path.size());
    CHECK(buffer.empty());
  }
}

TEST_CASE("path: dot segments and double slashes are resolved before anything looks at it") {
  CHECK(normal("/public/../admin") == "/admin");
  CHECK(normal("/a/./b") == "/a/b");
  CHECK(normal("/a/.") == "/a/");
  CHECK(normal("/a/..") == "/");
  CHECK(normal("/a/b/..") == "/a/");
  CHECK(normal("/a/b/../") == "/a/");
  CHECK(normal("/a/%2e%2e/admin") == "/admin");
  CHECK(normal("/a/.%2E/b") == "/b");
  CHECK(normal("/%2e/b") == "/b");
  CHECK(normal("//admin") == "/admin");
  CHECK(normal("/a//b///c//") == "/a/b/c/");
  CHECK(normal("/a//../b") == "/b");
  CHECK(normal("/.well-known/x") == "/.well-known/x");
  CHECK(normal("/...") == "/...");
  CHECK(normal("/..a/.b") == "/..a/.b");
}

TEST_CASE("path threats: above the root, and dot segments that hide") {
  for (const char* path : {"/..", "/../admin", "/a/../../b", "/%2e%2e/admin", "/.%2e/", "/./..", "//..", "/..;/admin",
                           "/a/..;/admin", "/a/%2e%2e;x/", "/a/..%3bx/b", "/a/.;/b", "/a/..;", "/a/%2e%2E%3B"}) {
    CHECK_MESSAGE(normal(path) == "refused", path);
  }
}

TEST_CASE("path threats: encoded slashes, backslashes, controls, broken escapes") {
  for (const char* path :
       {"/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb", "/a\\b", "/a\\..\\b", "/%00",   "/a%0a",     "/a%0D", "/a%1f", "/a%7f",
        "/%zz",   "/%",     "/%4",    "/a%",    "/%4g",  "/%g4",      "/a\x01", "/a\x7f",    "/a b",  "/a\tb", "/a\"b",
        "/<a>",   "/a^b",   "/a`b",   "/{a}",   "/a|b",  "/a#b",      "/a?b",   "/\xc3\xa9", "",      "a",     "*"}) {
    CHECK_MESSAGE(normal(path) == "refused", path);
  }
}

TEST_CASE("path threats: escapes that are not UTF-8") {
  for (const char* path :
       {"/%80", "/%c0%af", "/%c0%ae%c0%ae", "/%e0%80%af", "/%e0%9f%bf", "/%f0%80%80%af", "/%c3", "/%c3/%a9", "/%c3a",
        "/%c3%28", "/%ed%a0%80", "/%f4%90%80%80", "/%f5%80%80%80", "/%ff", "/%fe"}) {
    CHECK_MESSAGE(normal(path) == "refused", path);
  }
  CHECK(normal("/%c3%a9") == "/%C3%A9");
  CHECK(normal("/%e2%82%ac/%f0%9f%98%80") == "/%E2%82%AC/%F0%9F%98%80");
}

TEST_CASE("path: escapes are decoded once, never twice, and case matters") {
  CHECK(normal("/%61%2D%5f%7E%31") == "/a-_~1");
  CHECK(normal("/%2570") == "/%2570");
  CHECK(normal("/%252e%252e/a") == "/%252e%252e/a");
  CHECK(normal("/a%3fb%23c%25") == "/a%3Fb%23c%25");
  CHECK(normal("/Admin%41") == "/AdminA");
  CHECK(normal("/%6cogin") == "/login");
  CHECK(normal("/a%3ab") == "/a%3Ab");
  CHECK(normal("/pages/[id].js") == "/pages/%5Bid%5D.js");
}

TEST_CASE("path: encoded slashes may be allowed, but hide nothing") {
  const PathRules rules{.encoded_slashes = true};
  CHECK(normal("/a%2fb", rules) == "/a%2Fb");
  CHECK(normal("/a%2F%2fb", rules) == "/a%2F%2Fb");
  CHECK(normal("/a/..%2fb", rules) == "refused");
  CHECK(normal("/a%2f..%2fb", rules) == "refused");
  CHECK(normal("/a%2f..", rules) == "refused");
  CHECK(normal("/a%2f..;x", rules) == "refused");
  CHECK(normal("/a%5cb", rules) == "refused");
}
