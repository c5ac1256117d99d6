#include "common/http/websocket.h"

#include <doctest/doctest.h>

#include "common/http/head_parser.h"

using namespace tandem::http;

namespace {

bool asks(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
  const std::string bytes = std::string(line) + "\r\nHost: x\r\n" + std::string(fields) + "\r\n";
  RequestParser parser;
  RequestHead head;
  return parser.feed(bytes, head).complete() && asks_for_websocket(head);
}

constexpr std::string_view kRest = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
std::string with(std::string_view fields) { return std::string(fields) + std::string(kRest); }

}  // namespace

TEST_CASE("websocket: the key and its answer of RFC 6455") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("websocket: an opening is one in any spelling of its tokens") {
  CHECK(asks(with("Connection: Upgrade\r\nUpgrade: websocket\r\n")));
  CHECK(asks(with("Connection: keep-alive, UPGRADE\r\nUpgrade: WebSocket\r\n")));
}

TEST_CASE("websocket: whatever misses one rule is none") {
  CHECK_FALSE(asks(with("Upgrade: websocket\r\n")));
  CHECK_FALSE(asks(with("Connection: Upgrade\r\n")));
  CHECK_FALSE(asks(with("Connection: Upgrade\r\nUpgrade: websocket/13\r\n")));
  CHECK_FALSE(asks(with("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "GET / HTTP/1.0"));
  CHECK_FALSE(asks(with("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "HEAD / HTTP/1.1"));
  CHECK_FALSE(asks(with("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n")));
  CHECK_FALSE(asks("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
}
