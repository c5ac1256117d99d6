#include "common/http/cookie.h"

#include <doctest/doctest.h>

using namespace tandem::http;

namespace {

std::optional<std::string_view> in(std::string_view value, std::string_view name) {
  Fields fields;
  fields.add("Accept", "a=1");
  fields.add("cookie", value);
  return cookie(fields, name);
}

}  // namespace

TEST_CASE("cookie: the first of that name, without quotes") {
  CHECK(in("a=1; b=2", "b") == "2");
  CHECK(in("a=1;b=2", "b") == "2");
  CHECK(in("b=1; b=2", "b") == "1");
  CHECK(in("a=\"x y\"; b=\"", "a") == "x y");
  CHECK(in("a=\"x y\"; b=\"", "b") == "\"");
  CHECK(in("a=b=c", "a") == "b=c");
  CHECK(in("a=", "a") == "");
}

TEST_CASE("cookie: what is none is passed over") {
  CHECK_FALSE(in("ab=1; A=2; a", "a"));
  CHECK_FALSE(in("", "a"));
  CHECK_FALSE(in(";;;=;", "a"));
  CHECK(in(";; =; a=1", "a") == "1");
  CHECK_FALSE(cookie({}, "a"));
}

TEST_CASE("cookie: it may stand in a second field") {
  Fields fields;
  fields.add("Cookie", "a=1");
  fields.add("Cookie", "b=2");
  CHECK(cookie(fields, "b") == "2");
}
