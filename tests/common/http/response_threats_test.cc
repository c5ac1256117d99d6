// Answers of a server that no one may pass on: each is a 502, however its bytes were cut.
#include "tests/common/http/head_cases.h"

using namespace std::literals;
using namespace tandem::http;

namespace {

std::string ok(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n\r\n"; }

void refuse_all(std::initializer_list<std::string> answers, Method request = Method::get) {
  for (const std::string& answer : answers) {
    INFO(answer);
    const auto parsed = parse_response(answer, request);
    REQUIRE(parsed.result.refused());
    CHECK(parsed.result.error.status == 502);
    CHECK(parsed.result.error.reason == "upstream_protocol");
    CHECK(!parsed.result.error.detail.empty());
  }
}

}  // namespace

TEST_CASE("response threats: status lines") {
  refuse_all({
      "HTTP/1.1 200 OK\nX: y\r\n\r\n",
      "HTTP/1.1 2 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",
      "HTTP/1.1 0200 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 200 O\0K\r\n\r\n"s,
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/0.9 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1 200  OK\r\n\r\n",
      "HTTP/1.1 200\tOK\r\n\r\n",
      "HTTP/1.1 200 O\rK\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "<html>",
      "HTTP/1.1 200 O\x7fK\r\n\r\n",
  });
}

TEST_CASE("response threats: lines, folding, names") {
  refuse_all({ok("X: a\r\n b"), ok("X: a\nY: b"), "HTTP/1.1 200 OK\r\nX: a\r\n\n", ok(": v"), ok(":"), ok("Foo : bar"),
              ok("Content-Length:\r\n 5"), ok("Transfer-Encoding:\r\n chunked"), ok("X: a\rb"), ok("X: a\0b"sv),
              "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", ok("Dummy:\rZTransfer-Encoding: chunked")});
}

TEST_CASE("response threats: codings and lengths") {
  refuse_all({ok("Transfer-Encoding: gzip"), ok("Transfer-Encoding: chunked, gzip"),
              ok("Transfer-Encoding: gzip, chunked"), ok("Transfer-Encoding:"),
              ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
              ok("Transfer-Encoding: chunked\r\nContent-Length: 5"),
              ok("Content-Length: 5\r\nTransfer-Encoding: chunked"), ok("Content-Length: 5\r\nContent-Length: 5"),
              ok("Content-Length: 5, 5"), ok("Content-Length: -1"), ok("Content-Length:"),
              ok("Content-Length: 18446744073709551615"), "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"});
  refuse_all({"HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n"});
  refuse_all({ok("Content-Length: 5, 5")}, Method::head);
}

TEST_CASE("response threats: a coding with blanks behind it is plain chunked or a refusal, never until close") {
  const auto parsed = parse_response(ok("Transfer-Encoding: chunked\t"));
  CHECK((parsed.result.refused() || parsed.head->framing == BodyFraming::chunked()));
}

TEST_CASE("response threats: size and number of fields are bounded") {
  std::string many = "X0: y";
  for (int i = 1; i < 101; ++i) many += "\r\nX" + std::to_string(i) + ": y";
  refuse_all(
      {ok(many), ok("X: " + std::string(33 * 1024, 'a')), "HTTP/1.1 200 " + std::string(40 * 1024, 'a') + "\r\n\r\n"});
}

TEST_CASE("response threats: bytes behind a head are left alone, they belong to the caller") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const auto parsed = parse_response(head + "HTTP/1.1 200 OK\r\n\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.result.head_length == head.size());
}
