#include "common/config/suggest.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tandem::config;

TEST_CASE("suggest: a slip is recognised, something else is not") {
  const std::vector<std::string> keys = {"timeout", "name", "listen", "upstream"};
  CHECK(nearest("tmieout", keys) == "timeout");
  CHECK(nearest("Timeout", keys) == "timeout");
  CHECK(nearest("listn", keys) == "listen");
  CHECK(!nearest("retries", keys));
  CHECK(!nearest("", keys));
  CHECK(!nearest(std::string(100'000, 'x'), keys));
  CHECK(did_you_mean("nme", keys) == "; did you mean \"name\"?");
}
