#include "common/http/negotiate.h"

#include <doctest/doctest.h>

using namespace tandem;

TEST_CASE("negotiate: a coding's own weight before that of the star, nothing where neither stands") {
  CHECK(http::coding_weight("gzip;q=0.5, *;q=0.1", "gzip") == 500);
  CHECK(http::coding_weight("gzip;q=0.5, *;q=0.1", "br") == 100);
  CHECK(http::coding_weight("GZIP ; Q=0.25", "gzip") == 250);
  CHECK(http::coding_weight("gzip;q=0", "gzip") == 0);
  CHECK(http::coding_weight("gzip;q=9", "gzip") == 0);
  CHECK(!http::coding_weight("gzip", "br"));
  CHECK(!http::coding_weight("", "br"));
}

TEST_CASE("negotiate: the most precise media range decides") {
  CHECK(http::media_weight("", "text/html") == 1000);
  CHECK(http::media_weight("text/*;q=0.3, text/html;q=0.7, */*;q=0.1", "text/html") == 700);
  CHECK(http::media_weight("text/*;q=0.3, */*;q=0.1", "text/plain") == 300);
  CHECK(http::media_weight("*/*;q=0.1, text/html;q=0", "text/html") == 0);
  CHECK(http::media_weight("image/png", "text/html") == 0);
}
