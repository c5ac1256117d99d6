#include "common/http/problem.h"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::http;

TEST_CASE("problem: JSON unless the client takes text or HTML only") {
  CHECK(problem_format("") == ProblemFormat::json);
  CHECK(problem_format("*/*") == ProblemFormat::json);
  CHECK(problem_format("text/html,application/xhtml+xml,*/*;q=0.8") == ProblemFormat::json);
  CHECK(problem_format("text/html") == ProblemFormat::html);
  CHECK(problem_format("Text/Plain; charset=utf-8") == ProblemFormat::text);
  CHECK(problem_format("text/html;q=0.2, text/plain;q=0.9") == ProblemFormat::text);
  CHECK(problem_format("text/html, application/json;q=0") == ProblemFormat::html);
  CHECK(problem_format("image/png") == ProblemFormat::json);
  CHECK(problem_format(",;;q=,q") == ProblemFormat::json);
}

TEST_CASE("problem: the body has the members of RFC 9457, and foreign bytes stay text") {
  const Problem problem{404, "no_route", "no \"route\"\r\n<b>\xff", "c-1"};
  CHECK(problem_body({404, "no_route", "No.", "c-1"}, ProblemFormat::json) ==
        R"({"type":"about:blank","title":"Not Found","status":404,"detail":"No.","instance":"c-1","reason":"no_route"})"
        "\n");
  const std::string json = problem_body(problem, ProblemFormat::json);
  CHECK(json.contains(R"(no \"route\"\r\n<b>)"));
  const std::string html = problem_body(problem, ProblemFormat::html);
  CHECK_FALSE(html.contains("<b>"));
  CHECK(html.contains("&lt;b&gt;"));
  CHECK(problem_body(problem, ProblemFormat::text).starts_with("404 Not Found\n"));
}

TEST_CASE("problem: an error's reason decides the status, else its origin") {
  CHECK(to_status({Origin::upstream, "upstream_timeout", false, {}}) == 504);
  CHECK(to_status({Origin::internal, "overloaded", false, {}}) == 503);
  CHECK(to_status({Origin::client, "odd", false, {}}) == 400);
  CHECK(to_status({Origin::upstream, "odd", false, {}}) == 502);
  CHECK(to_status({Origin::internal, "odd", false, {}}) == 500);
}

TEST_CASE("problem: what went wrong inside is not told to clients") {
  const Problem hidden =
      to_problem(Error{Origin::upstream, "upstream_connect", true, "connect to 10.0.0.7:9001: no"}, "c-2");
  CHECK(hidden.status == 502);
  CHECK_FALSE(hidden.detail.contains("10.0.0.7"));
  CHECK(hidden.instance == "c-2");
  CHECK(to_problem(bad_request("the path is not UTF-8"), "c-3").detail == "the path is not UTF-8");
  CHECK(to_problem(bad_response("a secret way to fail"), "c-4").detail.starts_with("The service"));
}
