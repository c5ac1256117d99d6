#include <doctest/doctest.h>

#include "gateway/cache/cache_control.h"
#include "gateway/cache/conditions.h"
#include "gateway/cache/http_date.h"
#include "gateway/cache/range.h"
#include "gateway/cache/selection.h"
#include "gateway/cache/structured_field.h"

using namespace tandem;
using namespace tandem::cache;

TEST_CASE("Cache-Control is read whatever its case, blanks and quotes are") {
  const Directives d =
      parse_cache_control(R"(Max-Age=60 ,, NO-CACHE , private="Set-Cookie, X-A",s-maxage="7", foo="no-store,public")");
  CHECK(d.max_age == 60);
  CHECK(d.s_maxage == 7);
  CHECK(d.no_cache);
  CHECK_FALSE(d.is_private);
  CHECK(d.private_fields == std::vector<std::string>{"Set-Cookie", "X-A"});
  CHECK_FALSE(d.no_store);
  CHECK_FALSE(d.is_public);
}

TEST_CASE("of contradictory directives the strictest counts, and what cannot be read is none at all") {
  CHECK(parse_cache_control("max-age=100, max-age=5").max_age == 5);
  CHECK(parse_cache_control("max-age=5, max-age=100").max_age == 5);
  CHECK(parse_cache_control("max-age=x").max_age == 0);
  CHECK(parse_cache_control("max-age=").max_age == 0);
  CHECK(parse_cache_control("max-age").max_age == 0);
  CHECK(parse_cache_control("max-age=\"5\"6").max_age == 0);
  CHECK(parse_cache_control("max-age=99999999999999999999999").max_age == kMostSeconds);
  CHECK(parse_cache_control("private=\"a").is_private);
  CHECK(parse_cache_control("no-cache=").no_cache);
  CHECK(parse_cache_control("max-stale").any_stale);
  CHECK(parse_cache_control("max-stale=3").max_stale == 3);
}

TEST_CASE("a targeted field stands in for Cache-Control only where it is a dictionary") {
  const auto d = parse_targeted("max-age=60, no-store;x=1, private=?0, s-maxage=\"5\", must-revalidate=1");
  REQUIRE(d);
  CHECK(d->max_age == 60);
  CHECK(d->no_store);
  CHECK_FALSE(d->is_private);
  CHECK_FALSE(d->s_maxage);
  CHECK_FALSE(d->must_revalidate);
  CHECK_FALSE(parse_targeted(""));
  CHECK_FALSE(parse_targeted("max-age=60,"));
  CHECK_FALSE(parse_targeted("Max-Age=60"));
  CHECK_FALSE(parse_targeted("max-age = 60"));
  CHECK(parse_targeted("max-age=-5")->max_age == 0);
  http::Fields fields;
  fields.add("Cache-Control", "no-store");
  fields.add("CDN-Cache-Control", "max-age=9");
  CHECK(control_of(fields).targeted);
  CHECK(control_of(fields).directives.max_age == 9);
  CHECK_FALSE(control_of(fields).directives.no_store);
}

TEST_CASE("structured fields: every kind of item is passed over or read") {
  const auto list = parse_list(R"("a", "b\"c\\";x=1.5, tok:/*, (1 "in" ?1);p, :aGk=:, ?0, @123, %"d%c3%a9", -12)");
  REQUIRE(list);
  CHECK(list->size() == 9);
  CHECK((*list)[1].text == "b\"c\\");
  CHECK((*list)[3].kind == BareItem::Kind::inner_list);
  CHECK((*list)[8].integer == -12);
  for (const char* bad :
       {"\"a", "\"a\\x\"", "1234567890123456", "1.", "1.2345", "?2", ":a", "a b", ",", "(1", "(1\"a\")", "\"\x01\""}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_list(bad));
  }
  const auto members = parse_dictionary("a=1, a=2, b;q=1, c=(1 2)");
  REQUIRE(members);
  CHECK(members->size() == 3);
  CHECK(members->front().value.integer == 2);
}

TEST_CASE("dates of HTTP are read in their three forms, and in no other") {
  const WallTime today = *parse_http_date("Tue, 24 Nov 2026 03:31:56 GMT", WallTime{});
  CHECK(to_http_date(today) == "Tue, 24 Nov 2026 03:31:56 GMT");
  for (const char* same :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    const auto read = parse_http_date(same, today);
    REQUIRE(read);
    CHECK(to_http_date(*read) == "Sun, 06 Nov 1994 08:49:37 GMT");
  }
  CHECK(to_http_date(*parse_http_date("Friday, 01-Jan-60 00:00:00 GMT", today)).contains("2060"));
  for (const char* bad :
       {"", "0", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 9999 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad, today));
  }
}

TEST_CASE("a range is a part of what is there, or nothing") {
  using Kind = ByteRange::Kind;
  CHECK(parse_range("bytes=0-0", 1).kind == Kind::part);
  CHECK(parse_range("bytes=-18446744073709551615", 10).first == 0);
  CHECK(parse_range("bytes=18446744073709551615-", 10).kind == Kind::unsatisfiable);
  CHECK(parse_range("bytes=-0", 10).kind == Kind::unsatisfiable);
  CHECK(parse_range("bytes=0-", 0).kind == Kind::unsatisfiable);
  CHECK(parse_range("Bytes=2-3", 10).last == 3);
  for (const char* ignored :
       {"bytes=", "bytes=-", "bytes=1", "bytes=3-2", "bytes=--1", "bytes=0-0,2-3", "lines=0-1", "bytes 0-1", ""}) {
    CAPTURE(ignored);
    CHECK(parse_range(ignored, 10).kind == Kind::whole);
  }
}

TEST_CASE("Vary: names are taken once, values compared as the field is compared") {
  http::Fields answer, request;
  answer.add("Vary", "Accept-Encoding, X-A, accept-encoding");
  request.add("Accept-Encoding", "GZIP ,br");
  request.add("X-A", "a, b");
  const auto selection = selection_of(answer, request);
  REQUIRE(selection);
  CHECK(selection->parts.size() == 2);
  http::Fields same;
  same.add("accept-encoding", "gzip, br");
  same.add("x-a", "a, b");
  CHECK(selects(*selection, same));
  same.set("X-A", "a,b");
  CHECK_FALSE(selects(*selection, same));
  same.remove("X-A");
  CHECK_FALSE(selects(*selection, same));
}

TEST_CASE("entity tags compare weakly for 304 and strongly for parts") {
  http::Fields stored, request;
  stored.add("ETag", "W/\"a\"");
  request.add("If-None-Match", "\"x,y\", \"a\"");
  CHECK(client_has_it(request, stored, WallTime{}));
  request.clear();
  request.add("If-Range", "W/\"a\"");
  CHECK_FALSE(range_applies(request, stored, WallTime{}));
}
