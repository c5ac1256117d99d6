// Attacks on request heads, with their bytes: each must be refused with its status, and none may depend on how the
// bytes were cut. What a second reader could understand differently is refused rather than repaired.
#include "tests/common/http/head_cases.h"

using namespace std::literals;
using namespace tandem::http;

namespace {

struct Attack {
  int status;
  std::string bytes;
};

std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n\r\n"; }
std::string post(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n\r\n";
}
std::string target(std::string_view text) { return "GET " + std::string(text) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

void refuse_all(std::initializer_list<Attack> attacks) {
  for (const Attack& attack : attacks) {
    INFO(attack.bytes);
    const auto parsed = parse_request(attack.bytes);
    REQUIRE(parsed.result.refused());
    CHECK(parsed.result.error.status == attack.status);
    CHECK(!parsed.result.error.reason.empty());
    CHECK(!parsed.result.error.detail.empty());
  }
}

}  // namespace

TEST_CASE("request threats: a CR that ends no line ends nothing") {
  refuse_all({
      {400, "GET / HTTP/1.1\r\nHost: x\r\n\rXGET /admin HTTP/1.1\r\nHost: y\r\n\r\n"},
      {400, post("Dummy:\rZTransfer-Encoding: chunked")},
      {400, get("X: a\rb")},
      {400, get("X: y\r\r\nTransfer-Encoding: chunked")},
      {400, "GET / HTTP/1.1\rHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n"},
  });
}

TEST_CASE("request threats: a bare LF ends neither a line nor the head") {
  refuse_all({
      {400, "GET / HTTP/1.1\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\r\n\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\n\r\n"},
      {400, "GET / HTTP/1.1\n\n"},
      {400, "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"},
  });
}

TEST_CASE("request threats: blanks around names, and raw bytes in the target") {
  refuse_all({
      {400, get("Foo : bar")},
      {400, get("Foo bar: baz")},
      {400, get("Foo\t: bar")},
      {400, " GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
      {400, target("/\x80")},
      {400, target("/\xff\xfe")},
      {400, target("/a\tb")},
      {400, target("/?q=\xc3\xa9")},
      {400, get("Foo\x80: bar")},
      {400, get("Foo\0: bar"sv)},
      {400, get("Foo: b\0r"sv)},
      {400, get("Foo: b\x7fr")},
      {400, get("Foo: b\x0br")},
      {400, get("Foo")},
  });
}

TEST_CASE("request threats: folded lines") {
  refuse_all({
      {400, get("X: a\r\n b")},
      {400, get("X: a\r\n\tb")},
      {400, "POST / HTTP/1.1\r\nHost: x\r\n Content-Length: 5\r\n\r\n"},
      {400, post("Content-Length:\r\n 5")},
      {400, post("Transfer-Encoding:\r\n chunked")},
      {400, post("Transfer-Encoding: chunked\r\n ")},
      {400, get("X:\r\n ")},
      {400, get("Expect:\r\n 100-continue")},
      {400, get("Connection: close\r\n , keep-alive")},
  });
}

TEST_CASE("request threats: an empty Transfer-Encoding does not go by unseen") {
  refuse_all({
      {400, post("Transfer-Encoding:\r\nContent-Length: 5")},
      {400, post("Content-Length: 5\r\nTransfer-Encoding: ")},
      {400, post("Transfer-Encoding: \t ")},
      {400, post("Transfer-Encoding:")},
  });
}

TEST_CASE("request threats: Transfer-Encoding is one plain chunked or refused") {
  refuse_all({
      {501, post("Transfer-Encoding: xyz, chunked")},
      {501, post("Transfer-Encoding: identity, chunked")},
      {501, post("Transfer-Encoding: gzip, chunked")},
      {501, post("Transfer-Encoding: gzip")},
      {501, post("Transfer-Encoding: identity")},
      {501, post("Transfer-Encoding: chunkedx")},
      {400, post("Transfer-Encoding: ,chunked")},
      {400, post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked")},
      {400, post("Transfer-Encoding: chunked\r\nTransfer-Encoding:")},
      {400, post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
      {400, post("Transfer-Encoding: \"chunked\"")},
      {400, post("Transfer-Encoding: chunked;q=1")},
      {400, post("Transfer-Encoding: \xa0"
                 "chunked")},
      {400, post("Transfer-Encoding:\x0b"
                 "chunked")},
      {400, post("Transfer-Encoding: \x85"
                 "chunked")},
      {400, post("Transfer-Encoding : chunked")},
      {400, post("X: y\r\x0aTransfer-Encoding : chunked")},
      {400, post("Transfer_Encoding: chunked")},
      {400, post("Content_Length: 5")},
      {400, post("content_length: 5")},
      {400, post("Transfer-Encoding: chunked, chunked")},
  });
}

TEST_CASE("request threats: a coding in HTTP/1.0") {
  refuse_all({{400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
              {400, "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"}});
}

TEST_CASE("request threats: versions and protocols that are not HTTP/1") {
  refuse_all({
      {505, "GET / HTTP/0.9\r\nHost: x\r\n\r\n"},
      {505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
      {505, "GET / HTTP/1.2\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1\r\nHost: x\r\n\r\n"},
      {400, "GET / http/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET /\r\n\r\n"},
      {400, "GET /\r\nHost: x\r\n\r\n"},
      {400, "GET\r\n\r\n"},
      {400, "GET / RTSP/1.0\r\nHost: x\r\n\r\n"},
      {400, "SOURCE / ICE/1.1\r\nHost: x\r\n\r\n"},
      {400, "PRI /x HTTP/1.1\r\n\r\nSM\r\n\r\n"},
      {400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
  });
}

TEST_CASE("request threats: a field without a name") {
  refuse_all({{400, get(": v")}, {400, get(":")}, {400, "GET / HTTP/1.1\r\n: v\r\nHost: x\r\n\r\n"}});
}

TEST_CASE("request threats: more than one empty line before a request") {
  refuse_all({
      {400, "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "\r\r\n\n\rGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "\rGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, std::string(5000, '\n')},
  });
  const auto parsed = parse_request("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.result.head_length == 29);
}

TEST_CASE("request threats: spaces in the request line") {
  refuse_all({
      {400, "GET   /   HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"},
      {400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET  HTTP/1.1\r\nHost: x\r\n\r\n"},
      {400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
  });
}

TEST_CASE("request threats: targets that are none") {
  refuse_all({
      {400, target("*abc")},
      {400, target("*")},
      {400, target("http:///b")},
      {400, target("http://u:p@a/")},
      {400, target("foo://a/")},
      {400, target("http://[::1]]:80/")},
      {400, target("http://a@b@c/")},
      {400, target("http://h?q")},
      {400, target("/a#b#c")},
      {400, target("http://h/#x")},
      {400, target("h/")},
      {400, target("https:/h/")},
  });
}

TEST_CASE("request threats: Host is there once and well formed") {
  refuse_all({
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: x/@y, z\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: .\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a%00\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {400, "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"},
      {400, "GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n"},
      {400, "GET http://a/ HTTP/1.1\r\n\r\n"},
  });
}

TEST_CASE("request threats: CONNECT and methods nobody knows") {
  refuse_all({
      {501, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\n\r\nhello"},
      {501, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {501, "CONNECT a/b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "QUERY / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {501, "Get / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "\x16\x03\x01\x02"},
  });
}

TEST_CASE("request threats: both framing fields, in any order and case") {
  refuse_all({
      {400, post("Content-Length: 6\r\nTransfer-Encoding: chunked")},
      {400, post("Transfer-Encoding: chunked\r\nContent-Length: 6")},
      {400, post("content-length: 0\r\nTRANSFER-ENCODING: Chunked")},
      {400, post("Transfer-Encoding: gzip\r\nContent-Length: 6")},
  });
}

TEST_CASE("request threats: lengths that are not one plain number") {
  refuse_all({
      {400, post("Content-Length: 5\r\nContent-Length: 5")},
      {400, post("Content-Length: 5\r\nContent-Length: 6")},
      {400, post("Content-Length: 5, 5")},
      {400, post("Content-Length: 5 5")},
      {400, post("Content-Length: +5")},
      {400, post("Content-Length: -5")},
      {400, post("Content-Length: 0x5")},
      {400, post("Content-Length: 5_0")},
      {400, post("Content-Length: 1Z")},
      {400, post("Content-Length:")},
      {400, post("Content-Length:  ")},
      {400, post("Content-Length: 18446744073709551615")},
      {400, post("Content-Length: 9223372036854775808")},
      {400, post("Content-Length: 00000000000000000000000005")},
      {400, post("Content-Length: 99999999999999999999999999")},
  });
}

TEST_CASE("request threats: expectations other than one 100-continue") {
  refuse_all({
      {417, post("Content-Length: 5\r\nExpect: y 100-continue")},
      {417, post("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue")},
      {417, post("Content-Length: 5\r\nExpect: 100-continue, 100-continue")},
      {417, post("Content-Length: 5\r\nExpect:")},
  });
}

TEST_CASE("request threats: credentials and handshake keys twice") {
  refuse_all({
      {400, get("Authorization: a\r\nAuthorization: b")},
      {400, get("authorization: a\r\nAUTHORIZATION: a")},
      {400, get("Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: a")},
  });
}

TEST_CASE("request threats: size, number of fields and target are bounded") {
  const std::string many = [] {
    std::string fields = "X0: y";
    for (int i = 1; i < 100; ++i) fields += "\r\nX" + std::to_string(i) + ": y";
    return fields;
  }();
  refuse_all({
      {431, get(many)},  // Host is the first of 101
      {431, get("X: " + std::string(33 * 1024, 'a'))},
      {431, get(std::string(33 * 1024, 'a') + ": x")},
      {431, get("X: " + std::string(40 * 1024, ' '))},
      {414, target("/" + std::string(8 * 1024, 'a'))},
      {414, target("/" + std::string(50 * 1024, 'a'))},
      {414, "GET " + std::string(50 * 1024, ' ') + "/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {414, std::string(50 * 1024, 'A')},
  });
  CHECK(parse_request(target("/" + std::string(8 * 1024 - 1, 'a'))).result.complete());
  const std::string small = get("X: y");
  HeadLimits limits;
  limits.max_size = small.size();
  CHECK(parse_request(small, limits).result.complete());
  limits.max_size = small.size() - 1;
  CHECK(parse_request(small, limits).result.error.status == 431);
}

TEST_CASE("request threats: the parser that is linked in is the strict one") { CHECK(llhttp_is_strict()); }
