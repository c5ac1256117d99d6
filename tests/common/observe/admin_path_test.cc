#include "common/observe/admin_path.h"

#include <doctest/doctest.h>

using namespace tandem::observe;

TEST_CASE("admin: the first parameter of a name counts, decoded") {
  CHECK(admin_query_value("a=1&limit=10&limit=2", "limit") == "10");
  CHECK(admin_query_value("q=a%20b%26", "q") == "a b&");
  CHECK(admin_query_value("limit", "limit") == "");
  CHECK(admin_query_value("limit=", "limit") == "");
  CHECK(admin_query_value("limits=1&xlimit=2", "limit") == std::nullopt);
  CHECK(admin_query_value("", "limit") == std::nullopt);
  CHECK(admin_query_value("a=%4", "a") == std::nullopt);
  CHECK(admin_query_value("&&=&a=b=c", "a") == "b=c");
}

TEST_CASE("admin: all parameters of a name, in their order; one that is badly escaped spoils them") {
  CHECK(admin_query_values("h=a&x=1&h=b%3A+c&h=", "h") == std::vector<std::string>{"a", "b:+c", ""});
  CHECK(admin_query_values("x=1", "h") == std::vector<std::string>{});
  CHECK(admin_query_values("h=a&h=%4", "h") == std::nullopt);
}

TEST_CASE("admin: a number within its range, or what stands for none") {
  CHECK(admin_query_number("", "limit", 50, {1, 100}) == 50);
  CHECK(admin_query_number("limit=7", "limit", 50, {1, 100}) == 7);
  CHECK(admin_query_number("limit=100", "limit", 50, {1, 100}) == 100);
  for (const char* wrong : {"limit=", "limit", "limit=0", "limit=101", "limit=-1", "limit=7x", "limit=%37", "limits=7",
                            "limit=99999999999999999999999"}) {
    CHECK_MESSAGE(admin_query_number(wrong, "limit", 50, {1, 100}) == std::nullopt, wrong);
  }
}
