#include "common/observe/admin.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "common/observe/admin_guard.h"
#include "common/observe/readiness.h"

using namespace tandem;
using namespace tandem::observe;

namespace {

struct Ask {
  Metrics metrics;
  Admin admin;
  explicit Ask(std::string token = "", std::string_view listen = "127.0.0.1:9901")
      : admin({.program = "lb", .version = "9.9", .listen = *Address::parse(listen), .token = std::move(token)},
              metrics) {}

  using Headers = std::map<std::string, std::string, std::less<>>;
  AdminResponse operator()(std::string_view path, const Headers& headers = {{"host", "127.0.0.1:9901"}},
                           std::string_view method = "GET") const {
    return admin.handle({.method = method, .path = path, .query = "", .header = [&](std::string_view name) {
                           const auto found = headers.find(name);
                           return found == headers.end() ? std::string_view() : std::string_view(found->second);
                         }});
  }
};

std::string header(const AdminResponse& response, std::string_view name) {
  const auto found = std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
  return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("admin: alive always, ready only when ready, draining says so") {
  const Ask ask;
  CHECK(ask("/livez").status == 200);
  set_readiness(Readiness::starting);
  CHECK(ask("/readyz").status == 503);
  CHECK(header(ask("/readyz"), "Gateway-State").empty());
  set_readiness(Readiness::ready);
  CHECK(ask("/readyz").status == 200);
  set_readiness(Readiness::draining);
  CHECK(ask("/readyz").status == 503);
  CHECK(header(ask("/readyz"), "Gateway-State") == "draining");
  CHECK(ask("/livez").status == 200);
  set_readiness(Readiness::starting);
}

TEST_CASE("admin: metrics are text of the format's version") {
  const auto response = Ask()("/metrics");
  CHECK(response.status == 200);
  CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(response.body.find("# TYPE process_open_fds gauge\n") != std::string::npos);
}

TEST_CASE("admin: the status is JSON of what providers tell, in their order, while they are registered") {
  Ask ask;
  const auto config = ask.admin.add_status(
      "config", [](JsonWriter& json) { json.begin_object().member("generation", 1).end_object(); });
  {
    const auto list = ask.admin.add_status("a", [](JsonWriter& json) { json.begin_array().end_array(); });
    CHECK(ask("/status").body.ends_with(R"(,"config":{"generation":1},"a":[]})"
                                        "\n"));
  }
  const auto response = ask("/status");
  CHECK(response.content_type == "application/json");
  CHECK(response.body.starts_with(R"({"program":"lb","version":"9.9","pid":)"));
  CHECK(response.body.find(R"("state":"starting","uptime_seconds":)") != std::string::npos);
  CHECK(response.body.ends_with(R"(,"config":{"generation":1}})"
                                "\n"));
}

TEST_CASE("admin: unknown paths and methods are problems that say so") {
  Ask ask;
  CHECK(ask("/nothing").status == 404);
  CHECK(ask("/nothing").content_type == "application/problem+json");
  CHECK(ask("/nothing").body.find(R"("status":404)") != std::string::npos);
  const auto response = ask("/status", {}, "POST");
  CHECK(response.status == 405);
  CHECK(header(response, "Allow") == "GET, HEAD");
  CHECK(ask("/livez", {}, "HEAD").status == 200);
  ask.admin.add_endpoint("POST", "/reload", [](const AdminRequest&) { return AdminResponse{.status = 202}; });
  CHECK(ask("/reload", {}, "POST").status == 202);
  CHECK(ask("/reload").status == 405);
}

TEST_CASE("admin: an endpoint with places in its path is given what stands there") {
  Ask ask;
  ask.admin.add_endpoint("PUT", "/a/{x}/b/{y}", [](const AdminRequest& request) {
    return AdminResponse{.body = request.params[0] + "|" + request.params[1]};
  });
  CHECK(ask("/a/one/b/unix%3A%2frun%2Fx", {}, "PUT").body == "one|unix:/run/x");
  CHECK(ask("/a/{x}/b/{y}", {}, "PUT").body == "{x}|{y}");
  CHECK(ask("/a/one/b/two").status == 405);
  for (const char* path : {"/a/one/b", "/a/one/b/", "/a//b/two", "/a/one/b/two/", "/a/one/c/two", "/a/one/b/%2",
                           "/a/one/b/%zz", "/a/one/b/%+1"}) {
    CHECK_MESSAGE(ask(path, {}, "PUT").status == 404, path);
  }
}

TEST_CASE("admin: a page in a browser cannot ask, neither under a name of its own nor from another site") {
  const Ask ask;
  for (const char* host : {"127.0.0.1:9901", "localhost:9901", "LOCALHOST", "[::1]:9901", "10.1.2.3"}) {
    CHECK_MESSAGE(ask("/status", {{"host", host}}).status == 200, host);
  }
  for (const char* host : {"evil.example", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example",
                           "127.0.0.1:80:80", "[::1", "[evil]:80", "[::1]evil", "localhost:a"}) {
    CHECK_MESSAGE(ask("/status", {{"host", host}}).status == 403, host);
  }
  const std::string host = "127.0.0.1:9901";
  CHECK(ask("/status", {{"host", host}, {"origin", "http://127.0.0.1:9901"}}).status == 200);
  CHECK(ask("/status", {{"host", host}, {"origin", "http://evil.example"}}).status == 403);
  CHECK(ask("/status", {{"host", host}, {"origin", "null"}}).status == 403);
  CHECK(ask("/status", {{"host", host}, {"origin", "http://127.0.0.1:9902"}}).status == 403);
  CHECK(Ask("", "unix:/run/lb.sock")("/status", {{"host", "lb"}}).status == 200);
}

TEST_CASE("admin: with a token everything but the probes needs it") {
  const Ask ask("s3cret");
  const auto with = [&](const char* authorization) {
    return ask("/status", {{"host", "127.0.0.1"}, {"authorization", authorization}}).status;
  };
  CHECK(with("Bearer s3cret") == 200);
  CHECK(with("bearer  s3cret") == 200);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Bearer S3cret", "Basic s3cret", "s3cret"}) {
    CHECK_MESSAGE(with(wrong) == 401, wrong);
  }
  CHECK(header(ask("/status"), "WWW-Authenticate").starts_with("Bearer"));
  CHECK(ask("/status").body.find("s3cret") == std::string::npos);
  CHECK(ask("/nothing").status == 401);
  CHECK(ask("/livez").status == 200);
  CHECK(ask("/readyz").status == 503);
  // Who knows the token may come by any name, a page from another site may not.
  CHECK(ask("/status", {{"host", "lb.internal"}, {"authorization", "Bearer s3cret"}}).status == 200);
  CHECK(ask("/status", {{"host", "lb.internal"}}).status == 403);
  CHECK(ask("/status", {{"host", "lb"}, {"origin", "http://x"}, {"authorization", "Bearer s3cret"}}).status == 403);
}

TEST_CASE("admin: what browsers say of a request's origin keeps other sites out, also where Origin is missing") {
  Ask ask;
  ask.admin.add_endpoint("POST", "/reload", [](const AdminRequest&) { return AdminResponse{}; });
  const auto from = [&](const char* site, const char* mode, const char* dest, std::string_view method = "GET") {
    return ask(method == "GET" ? "/status" : "/reload",
               {{"host", "127.0.0.1:9901"},
                {"sec-fetch-site", site},
                {"sec-fetch-mode", mode},
                {"sec-fetch-dest", dest}},
               method)
        .status;
  };
  CHECK(from("same-origin", "cors", "empty") == 200);
  CHECK(from("same-origin", "cors", "empty", "POST") == 200);
  CHECK(from("none", "navigate", "document") == 200);
  CHECK(from("cross-site", "no-cors", "script") == 403);
  CHECK(from("same-site", "no-cors", "image") == 403);  // another port of this machine
  CHECK(from("cross-site", "navigate", "iframe") == 403);
  CHECK(from("same-site", "navigate", "document") == 200);  // a link: lb's page has some
  CHECK(from("cross-site", "navigate", "document", "POST") == 403);
}

TEST_CASE("admin: a form orders nothing, whatever else its browser says") {
  Ask ask;
  ask.admin.add_endpoint("POST", "/reload", [](const AdminRequest&) { return AdminResponse{}; });
  const auto as = [&](const char* type) {
    return ask("/reload", {{"host", "127.0.0.1:9901"}, {"content-type", type}}, "POST").status;
  };
  for (const char* form : {"application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x", "text/plain ;a=b"}) {
    CHECK_MESSAGE(as(form) == 415, form);
  }
  CHECK(as("application/json") == 200);
  CHECK(as("") == 200);
}

TEST_CASE("admin: of the status only what is asked for") {
  Ask ask;
  const auto one = ask.admin.add_status("one", [](JsonWriter& json) { json.value(1); });
  const auto two = ask.admin.add_status("two", [](JsonWriter& json) { json.value(2); });
  const auto only = [&](std::string_view query) {
    return ask.admin.handle({.method = "GET", .path = "/status", .query = query, .header = {}}).body;
  };
  CHECK(only("").ends_with(",\"one\":1,\"two\":2}\n"));
  CHECK(only("only=two").find("one") == std::string::npos);
  CHECK(only("only=two").ends_with(",\"two\":2}\n"));
  CHECK(only("only=nothing%2Cone").ends_with(",\"one\":1}\n"));
  CHECK(only("only=").find("\"one\"") == std::string::npos);
}

TEST_CASE("admin: no token is not the empty token") { CHECK(!bearer_is("Bearer ", "")); }

TEST_CASE("admin: local is loopback or a unix socket") {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/run/x"})
    CHECK(is_local(*Address::parse(text)));
  for (const char* text : {":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1"}) CHECK(!is_local(*Address::parse(text)));
}
