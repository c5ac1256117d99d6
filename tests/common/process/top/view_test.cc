#include "common/process/top/view.h"

#include <doctest/doctest.h>

#include "common/json/parse.h"

using namespace tandem;
using namespace tandem::process::top;

namespace {

constexpr const char* kStatus = R"({"program":"gateway","version":"0.1.0","state":"ready","uptime_seconds":3725,
  "configuration":{"generation":3,"last_reload":null},
  "upstreams":[{"name":"orders","balance":"round_robin","queued":2,"servers":[
     {"name":"a:1","state":"up","why":"","weight":1,"in_flight":12,"response_ms":1.25},
     {"name":"b:2","state":"down","why":"3 checks failed\u001b[2J","weight":2,"in_flight":0,"response_ms":null}]}],
  "traffic":{"rate":1234.5,"errors":0.5,"refused":0,"p50_ms":0.82,"p99_ms":1500,"active":7,
     "servers":[{"upstream":"orders","server":"a:1","rate":600.24,"share":0.5}],
     "routes":[{"name":"orders-of-user","rate":10,"client_errors":0,"too_many":2,"errors":1.5,"p50_ms":1,"p99_ms":2}],
     "routes_quiet":40}})";

std::string all(const View& view, bool colours = false) {
  std::string text;
  for (const auto* lines : {&view.head, &view.body}) {
    for (const Line& line : *lines) text += to_text(line, colours) + "\n";
  }
  return text;
}

View view(const char* status) { return view_of(*json::parse(status)); }

}  // namespace

TEST_CASE("top: what a program says of itself, in lines") {
  CHECK(all(view(kStatus)) ==
        "gateway 0.1.0  ready  up 1h 2m  configuration 3\n"
        "requests/s 1234  errors/s 0.50  refused/s 0  p50 0.82ms  p99 1.50s  open 7\n"
        "\n"
        "UPSTREAM, SERVER             STATE     WEIGHT IN FLIGHT  PICKS/s  SHARE  RESPONSE  WHY\n"
        "orders                       1/2 up  round_robin  2 waiting\n"
        "  a:1                        up             1        12      600    50%    1.25ms\n"
        "  b:2                        down           2         0        -      -         -  3 checks failed\\x1b[2J\n"
        "\n"
        "ROUTE                             REQ/s       P50       P99     4XX/s     429/s     5XX/s\n"
        "orders-of-user                       10       1ms       2ms         0         2      1.50\n"
        "quieter routes: 40\n");
}

TEST_CASE("top: what is not said is a dash, and nothing is too odd to be shown") {
  const std::string text = all(view("{}"));
  CHECK(text.starts_with("- -  -  up -  configuration -\nrequests/s -  errors/s -"));
  for (const char* odd : {"[]", "1", "null", R"({"upstreams":3,"traffic":[]})", R"({"upstreams":[1,{"servers":[2]}]})",
                          R"({"traffic":{"routes":[null],"servers":[[]]}})"}) {
    CHECK(!all(view(odd)).empty());
  }
}

TEST_CASE("top: colours say what is wrong") {
  const std::string text = all(view(kStatus), true);
  CHECK(text.find("\x1b[1;31mdown") != std::string::npos);
  CHECK(text.find("\x1b[32mup") != std::string::npos);
  CHECK(text.find("\x1b[1;31m  errors/s 0.50\x1b[0m") != std::string::npos);
}

TEST_CASE("top: a window shows what fits, wherever it is scrolled to") {
  const View told = view(kStatus);
  std::size_t scroll = 0;
  auto lines = fit(told, 5, 21, scroll);
  REQUIRE(lines.size() == 5);
  CHECK(to_text(lines[0], false) == "gateway 0.1.0  ready…");
  CHECK(to_text(lines[3], false) == "UPSTREAM, SERVER    …");
  scroll = 1000;
  lines = fit(told, 5, 200, scroll);
  CHECK(scroll == told.body.size() - 3);
  CHECK(to_text(lines.back(), false) == "quieter routes: 40");
  scroll = 3;
  CHECK(fit(told, 100, 80, scroll).size() == told.head.size() + told.body.size());
  CHECK(scroll == 0);
  CHECK(fit(told, 1, 1, scroll).size() == 1);
  CHECK(fit(told, 0, 0, scroll).empty());
}
