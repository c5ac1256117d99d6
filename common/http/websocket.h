// The opening of a WebSocket (RFC 6455 §4), the one upgrade that passes: what a client must have asked for, and what a
// server must have answered, before a byte is passed on unread. Pure functions of parsed heads.
#pragma once
#include <string>
#include <string_view>

#include "common/http/message.h"

namespace tandem::http {

inline constexpr std::string_view kWebSocket = "websocket";  // the token of Upgrade

// GET in HTTP/1.1, the token `upgrade` in Connection, `websocket` alone in Upgrade, version 13, one key of 16 bytes,
// and no framing of a body. Everything else is no upgrade: its fields end at this hop like any other's.
bool asks_for_websocket(const RequestHead& head);

// What Sec-WebSocket-Accept must say to `key` (RFC 6455 §4.2.2).
std::string websocket_accept(std::string_view key);

// Why a 101 is not the answer to a request with `key`; empty when it is.
std::string_view refuse_websocket_answer(const ResponseHead& head, std::string_view key);

}  // namespace tandem::http
