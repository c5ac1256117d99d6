#include "gateway/filters/compress.h"

#include <array>

#include <doctest/doctest.h>

using namespace tandem::gateway;

namespace {

constexpr std::array kOffered = {Encoding::gzip, Encoding::br, Encoding::zstd};

std::string chosen(std::string_view accept) {
  const auto encoding = choose_encoding(accept, kOffered);
  return encoding ? std::string(coding_name(*encoding)) : "none";
}

}  // namespace

TEST_CASE("compress: what the client likes most is chosen, among equals the first that is offered") {
  CHECK(chosen("gzip, deflate, br, zstd") == "gzip");
  CHECK(chosen("br, gzip;q=0.8") == "br");
  CHECK(chosen("gzip;q=0.5, zstd;q=0.9, br;q=0.7") == "zstd");
  CHECK(chosen("BR") == "br");
  CHECK(chosen("*") == "gzip");
  CHECK(chosen("gzip;q=0, *;q=0.5") == "br");
  CHECK(chosen("*;q=0, zstd") == "zstd");
}

TEST_CASE("compress: nothing is chosen that is not liked, or less than the plain body") {
  for (const std::string_view accept : {"", "deflate", "identity", "gzip;q=0", "gzip;q=0.0, br;q=0.000", "*;q=0",
                                        "gzip;q=0.5, identity;q=1", "identity, *;q=0.1"}) {
    CHECK_MESSAGE(chosen(accept) == "none", accept);
  }
  CHECK(chosen("gzip;q=1, identity;q=0.5") == "gzip");
  CHECK(chosen("gzip;q=0.2, *;q=0.1") == "gzip");
}

TEST_CASE("compress: content is listed by its type, its family or its suffix") {
  const std::vector<std::string> types = {"text/*", "application/json", "*+xml"};
  for (const std::string_view type :
       {"text/html", "TEXT/Plain; charset=utf-8", "application/json;x=y", "image/svg+xml"}) {
    CHECK_MESSAGE(is_listed_type(type, types), type);
  }
  for (const std::string_view type : {"", "textual/html", "application/jsonp", "image/png", "+xml", ";text/html"}) {
    CHECK_MESSAGE(!is_listed_type(type, types), type);
  }
}
