#include "common/http/write_head.h"

#include "tests/common/http/head_cases.h"

using namespace std::literals;
using namespace tandem::http;

namespace {

std::string write(const RequestOut& request, const Fields& fields, std::span<const Field> added = {}) {
  std::string out = "before|";
  if (!write_request_head(out, request, fields, added)) {
    CHECK(out == "before|");
    return "refused";
  }
  return out.substr(7);
}

RequestOut to(std::string_view path) {
  return {.method = "GET", .path = path, .query = {}, .host = "svc", .framing = {}};
}

}  // namespace

TEST_CASE("write head: a request is written anew, with one Host and one framing field") {
  const auto parsed = parse_request(
      "POST http://x/old?a=b HTTP/1.1\r\nA: 1\r\nB:  two\r\nHost: x\r\nC:3\r\nConnection: keep-alive\r\nD:\r\n"
      "Content-Length: 5\r\nExpect: 100-continue\r\nE: 5\r\nF: 6\r\n\r\n");
  REQUIRE(parsed.result.complete());
  RequestOut request{.method = "POST",
                     .path = "/new",
                     .query = "a=b",
                     .has_query = true,
                     .host = "svc:80",
                     .framing = parsed.head->framing};
  const Field added[] = {{"X-Request-Id", "c-1"}};
  const std::string common =
      "POST /new?a=b HTTP/1.1\r\nHost: svc:80\r\nA: 1\r\nB: two\r\nC: 3\r\nD: \r\nE: 5\r\nF: 6\r\n"
      "X-Request-Id: c-1\r\n";
  CHECK(write(request, parsed.head->fields, added) == common + "Content-Length: 5\r\n\r\n");
  request.framing = BodyFraming::chunked();
  request.keep_alive = false;
  request.expect_continue = true;
  CHECK(write(request, parsed.head->fields, added) ==
        common + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  request.framing = BodyFraming::of_length(0);
  CHECK(write(request, parsed.head->fields).contains("\r\nContent-Length: 0\r\n"));
}

TEST_CASE("write head: what is written is parsed back as the same message") {
  const auto parsed = parse_request("GET /a HTTP/1.1\r\nHost: svc\r\nX: a\tb \xff\r\nY:\r\nZ: z\r\n\r\n");
  REQUIRE(parsed.result.complete());
  const auto again = parse_request(write(to("/a"), parsed.head->fields));
  REQUIRE(again.result.complete());
  REQUIRE(again.head->fields.size() == 4);
  CHECK(again.head->fields[1].value == "a\tb \xff");
  CHECK(again.head->fields[2].value.empty());
}

TEST_CASE("write head threats: no CR, LF, NUL or other control gets into a head") {
  for (const std::string& bad : {"a\r\nX: y"s, "a\nb"s, "a\rb"s, "a\0b"s, "\r\n\r\nGET /"s, "a\x01"s, "a\x7f"s}) {
    const Field added[] = {{"X-User", bad}};
    CHECK(write(to("/"), {}, added) == "refused");
    const Field name[] = {{bad, "x"}};
    CHECK(write(to("/"), {}, name) == "refused");
    Fields fields;
    fields.add("X", bad);
    CHECK(write(to("/"), fields) == "refused");
    RequestOut request = to("/");
    request.path = bad;
    CHECK(write(request, {}) == "refused");
    request = to("/");
    request.query = bad;
    CHECK(write(request, {}) == "refused");
    request = to("/");
    request.host = bad;
    CHECK(write(request, {}) == "refused");
    std::string out;
    CHECK_FALSE(write_response_head(out, {.status = 302, .reason = bad, .framing = {}, .declared_length = {}}, {}));
    CHECK_FALSE(write_response_head(out, {.status = 302, .reason = {}, .framing = {}, .declared_length = {}}, fields));
    CHECK(out.empty());
  }
  RequestOut request = to("/a b");
  CHECK(write(request, {}) == "refused");
  request = to("/");
  request.method = "GET /x";
  CHECK(write(request, {}) == "refused");
}

TEST_CASE("write head: responses have the framing of their status and of their client") {
  const auto parsed = parse_response(
      "HTTP/1.1 200 Fine\r\nServer: x\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n");
  REQUIRE(parsed.result.complete());
  const auto respond = [&](ResponseOut response) {
    std::string out;
    CHECK(write_response_head(out, response, parsed.head->fields));
    return out;
  };
  ResponseOut response{.status = 200, .reason = "Fine", .framing = BodyFraming::chunked(), .declared_length = {}};
  const std::string fields = "Server: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n";
  CHECK(respond(response) == "HTTP/1.1 200 Fine\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n");
  response = {.status = 204, .reason = {}, .framing = BodyFraming::of_length(0), .declared_length = {}};
  CHECK(respond(response) == "HTTP/1.1 204 No Content\r\n" + fields + "\r\n");
  response = {.status = 304, .reason = {}, .framing = {}, .declared_length = 500, .keep_alive = false};
  CHECK(respond(response) ==
        "HTTP/1.1 304 Not Modified\r\n" + fields + "Content-Length: 500\r\nConnection: close\r\n\r\n");
  response = {.status = 200,
              .reason = {},
              .framing = BodyFraming::of_length(7),
              .declared_length = {},
              .client_version_minor = 0};
  CHECK(respond(response) == "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 7\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("hop by hop: what ends here is removed, nominated fields with it") {
  const auto parsed = parse_request(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close, X-One ,x-two, TE\r\nconnection: X-Forwarded-For\r\nX-One: 1\r\n"
      "X-TWO: 2\r\nX-Three: 3\r\nX-Forwarded-For: 6.6.6.6\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\n"
      "Proxy-Authenticate: a\r\nProxy-Authorization: a\r\nTE: trailers\r\nTrailer: a\r\nUpgrade: h2c\r\n\r\n");
  REQUIRE(parsed.result.complete());
  REQUIRE_FALSE(strip_hop_by_hop(parsed.head->fields, parsed.head->connection));
  CHECK(write(to("/"), parsed.head->fields) ==
        "GET / HTTP/1.1\r\nHost: svc\r\nX-Three: 3\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  const auto other = parse_request("GET / HTTP/1.1\r\nHost: x\r\nTE: gzip, trailers\r\n\r\n");
  REQUIRE_FALSE(strip_hop_by_hop(other.head->fields, other.head->connection));
  CHECK_FALSE(other.head->fields.has(FieldId::te));
}

TEST_CASE("hop by hop threats: framing, Host and credentials cannot be nominated away") {
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "AUTHORIZATION", "Cookie", "close, Host"}) {
    const auto parsed = parse_request("GET / HTTP/1.1\r\nHost: x\r\nConnection: " + std::string(name) + "\r\n\r\n");
    REQUIRE(parsed.result.complete());
    const auto error = strip_hop_by_hop(parsed.head->fields, parsed.head->connection);
    REQUIRE_MESSAGE(error, name);
    CHECK(error->status == 400);
  }
  std::string many = "a";
  for (int i = 0; i < 100; ++i) many += ",a";
  const auto parsed = parse_request("GET / HTTP/1.1\r\nHost: x\r\nConnection: " + many + "\r\n\r\n");
  CHECK(strip_hop_by_hop(parsed.head->fields, parsed.head->connection));
}
