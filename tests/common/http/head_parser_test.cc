#include "common/http/head_parser.h"

#include "tests/common/http/head_cases.h"

using namespace tandem::http;

TEST_CASE("request head: a browser's head is read whole, in pieces, and without the body's bytes") {
  const std::string head =
      "GET /users/7?x=1&y=%20 HTTP/1.1\r\nHost: Shop.Example.com.:8080\r\nUser-Agent: Mozilla/5.0 (X11)\r\n"
      "Accept: text/html, */*;q=0.8 \r\nCookie: a=b; c=d\r\nX-Empty:\r\nX-Tab:\t v\tw \t\r\nConnection: "
      "keep-alive\r\n\r\n";
  const auto parsed = parse_request(head + "GET /next HTTP/1.1\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.result.head_length == head.size());
  const RequestHead& r = *parsed.head;
  CHECK(r.method == Method::get);
  CHECK(r.method_text == "GET");
  CHECK(r.path == "/users/7");
  CHECK(r.query == "x=1&y=%20");
  CHECK(r.host == "shop.example.com");
  CHECK(r.port == 8080);
  CHECK(r.authority == "Shop.Example.com.:8080");
  CHECK(r.version_minor == 1);
  CHECK(r.keep_alive);
  CHECK(r.framing == BodyFraming::none());
  REQUIRE(r.fields.size() == 7);
  CHECK(r.fields.value(FieldId::accept) == "text/html, */*;q=0.8");
  CHECK(r.fields.find("x-empty")->value.empty());
  CHECK(r.fields.find("X-TAB")->value == "v\tw");
  CHECK(r.fields[3].id == FieldId::cookie);
}

TEST_CASE("request head: framing follows the fields, on every method alike") {
  const auto framing = [](std::string_view line, std::string_view fields) {
    const auto parsed = parse_request(std::string(line) + "\r\nHost: x\r\n" + std::string(fields) + "\r\n\r\n");
    REQUIRE(parsed.result.complete());
    return parsed.head->framing;
  };
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "POST", "PROPFIND"}) {
    const std::string line = std::string(method) + " / HTTP/1.1";
    CHECK(framing(line, "Content-Length: 5") == BodyFraming::of_length(5));
    CHECK(framing(line, "Transfer-Encoding: ChunKed") == BodyFraming::chunked());
    CHECK(framing(line, "X: y") == BodyFraming::none());
  }
  CHECK(framing("POST / HTTP/1.1", "content-length: 9223372036854775807") ==
        BodyFraming::of_length(9223372036854775807));
}

TEST_CASE("request head: an upgrade asked for stops nothing: the body is framed as ever") {
  const auto parsed = parse_request(
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 3\r\n\r\nabc");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.head->framing == BodyFraming::of_length(3));
  CHECK(parsed.head->connection.upgrade);
}

TEST_CASE("request head: keep-alive follows from own tokens and the version only") {
  const auto keeps = [](std::string_view version, std::string_view fields) {
    const auto parsed =
        parse_request("GET / " + std::string(version) + "\r\nHost: x\r\n" + std::string(fields) + "\r\n");
    REQUIRE(parsed.result.complete());
    return parsed.head->keep_alive;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: close\t\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: foo, CLOSE ,bar\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK(keeps("HTTP/1.1", "Proxy-Connection: close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", ""));
  CHECK_FALSE(keeps("HTTP/1.0", "Proxy-Connection: keep-alive\r\n"));
  CHECK(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("request head: HTTP/1.0 needs no Host, and its Expect means nothing") {
  const auto parsed = parse_request("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.head->host.empty());
  CHECK_FALSE(parsed.head->expect_continue);
  CHECK(parse_request("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n").head->expect_continue);
}

TEST_CASE("request head: an absolute target counts, where it agrees with Host") {
  const auto parsed = parse_request("GET HTTP://EXAMPLE.com:80/a?b HTTP/1.1\r\nHost: example.COM.\r\n\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.head->form == TargetForm::absolute);
  CHECK(parsed.head->host == "example.com");
  CHECK(parsed.head->path == "/a");
  CHECK(parsed.head->authority == "EXAMPLE.com:80");
  const auto bare = parse_request("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(bare.result.complete());
  CHECK(bare.head->path == "/");
  const auto literal = parse_request("OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  REQUIRE(literal.result.complete());
  CHECK(literal.head->form == TargetForm::asterisk);
  CHECK(literal.head->host == "[::1]");
}

TEST_CASE("request head: views follow when the head is copied elsewhere") {
  const std::string text = "GET /a HTTP/1.1\r\nHost: EXAMPLE\r\nX: y\r\n\r\n";
  auto parsed = parse_request(text);
  REQUIRE(parsed.result.complete());
  const std::string copy = text;
  parsed.head->rebase(parsed.bytes.back().view().data(), text.size(), copy.data());
  parsed.bytes.clear();
  CHECK(parsed.head->path == "/a");
  CHECK(parsed.head->path.data() == copy.data() + 4);
  CHECK(parsed.head->fields.find("x")->value == "y");
  CHECK(parsed.head->host == "example");
}

TEST_CASE("request head: has begun with its first byte, not with an empty line before it") {
  RequestParser parser;
  RequestHead head;
  CHECK(parser.feed("\r\n", head).need_more());
  CHECK_FALSE(parser.begun());
  CHECK(parser.feed("\r\nG", head).need_more());
  CHECK(parser.begun());
}

TEST_CASE("response head: body framing by status, request method and fields") {
  const auto framing = [](std::string_view status, std::string_view fields, Method request = Method::get) {
    const auto parsed =
        parse_response("HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) + "\r\nrest", request);
    REQUIRE(parsed.result.complete());
    return parsed.head->framing;
  };
  CHECK(framing("200 OK", "Content-Length: 5\r\n") == BodyFraming::of_length(5));
  CHECK(framing("200 OK", "Transfer-Encoding: chunked\r\n") == BodyFraming::chunked());
  CHECK(framing("200 OK", "") == BodyFraming::until_close());
  CHECK(framing("200", "Content-Length: 0\r\n") == BodyFraming::of_length(0));
  for (const char* status :
       {"100 Continue", "101 Switching Protocols", "103 Early Hints", "204 No Content", "304 Not Modified"}) {
    CHECK(framing(status, "Content-Length: 500\r\n") == BodyFraming::none());
    CHECK(framing(status, "Transfer-Encoding: chunked\r\n") == BodyFraming::none());
    CHECK(framing(status, "") == BodyFraming::none());
  }
  CHECK(framing("200 OK", "Content-Length: 5\r\n", Method::head) == BodyFraming::none());
  CHECK(framing("200 OK", "Transfer-Encoding: chunked\r\n", Method::head) == BodyFraming::none());
}

TEST_CASE("response head: a length that is only told is kept apart; a body until close ends the connection") {
  CHECK(parse_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n").head->declared_length == 500);
  CHECK(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", Method::head).head->declared_length == 7);
  CHECK_FALSE(parse_response("HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n").head->declared_length);
  CHECK_FALSE(parse_response("HTTP/1.1 200 OK\r\n\r\n").head->keep_alive);
  CHECK(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n").head->keep_alive);
  CHECK_FALSE(parse_response("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head->keep_alive);
}

TEST_CASE("response head: status and reason are told; interim answers and upgrades are seen") {
  const auto parsed = parse_response("HTTP/1.1 404 Not \xe9 Found\r\n\r\n");
  REQUIRE(parsed.result.complete());
  CHECK(parsed.head->status == 404);
  CHECK(parsed.head->reason == "Not \xe9 Found");
  CHECK(parse_response("HTTP/1.1 200 \r\n\r\n").head->reason.empty());
  CHECK(parse_response("HTTP/1.1 103 X\r\n\r\n").head->is_interim());
  const auto upgrade = parse_response("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nraw");
  REQUIRE(upgrade.result.complete());
  CHECK(upgrade.head->is_upgrade());
  CHECK_FALSE(upgrade.head->is_interim());
}
