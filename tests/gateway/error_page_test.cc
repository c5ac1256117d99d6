#include "gateway/error_page.h"

#include <doctest/doctest.h>

using namespace tandem;
using gateway::ErrorPage;

namespace {

const std::vector<ErrorPage> kPages = {
    {.status = "404",
     .paths = {"a.html", "a.json"},
     .contents = {"<p>{title} {detail}</p>", R"({"r":"{reason}","d":"{detail}"})"},
     .place = {}},
    {.status = "5xx", .paths = {"b.txt"}, .contents = {"{status} {instance} {other} {{status}"}, .place = {}},
};

std::string rendered(int status, std::string_view accept = "") {
  const http::Problem problem = {status, "no_route", "<\"a\">", "c-1"};
  const auto page = gateway::render_page(kPages, problem, accept);
  return page ? std::string(page->content_type) + ": " + page->body : "none";
}

}  // namespace

TEST_CASE("error pages: the status's own before its class's, and none for others") {
  CHECK(rendered(503) == "text/plain; charset=utf-8: 503 c-1 {other} {503");
  CHECK(rendered(403) == "none");
}

TEST_CASE("error pages: values are escaped for the kind of file") {
  CHECK(rendered(404) == "text/html; charset=utf-8: <p>Not Found &lt;&quot;a&quot;&gt;</p>");
  CHECK(rendered(404, "application/json") == R"(application/json: {"r":"no_route","d":"<\"a\">"})");
}

TEST_CASE("error pages: the kind that the client likes most, the first where it likes none") {
  CHECK(rendered(404, "application/json, text/html;q=0.5").starts_with("application/json"));
  CHECK(rendered(404, "text/*, */*;q=0.1").starts_with("text/html"));
  CHECK(rendered(404, "image/png").starts_with("text/html"));
  CHECK(rendered(404, "text/html;q=0, */*").starts_with("application/json"));
}
