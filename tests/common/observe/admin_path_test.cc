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
