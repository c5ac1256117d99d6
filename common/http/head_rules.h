// What a head's fields mean for its connection and its body, and which combinations are refused because two readers
// could understand them differently (RFC 9110 §10.1.1, RFC 9112 §6 and §9). Pure functions of a parsed head.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>

#include "common/http/http_error.h"
#include "common/http/message.h"

namespace tandem::http {

// The tokens of every Connection field; blanks around them do not count, case does not.
ConnectionOptions connection_options(const Fields& fields);

// RFC 9112 §9.3, from own tokens and version only: Proxy-Connection is never looked at.
bool keeps_alive(const ConnectionOptions& connection, int version_minor);

// Refuses: a field twice that may stand once (Host, Authorization, Content-Length …), and Content_Length or
// Transfer_Encoding, which some servers read as the real ones.
std::optional<HttpError> check_request_names(const Fields& fields);

// Content-Length: digits only, at most 19 of them, at most 2^63-1. Empty when there is none.
std::expected<std::optional<std::uint64_t>, HttpError> content_length(const Fields& fields);

// Refuses both framing fields together, a coding in HTTP/1.0, and everything but one plain `chunked` (501 for codings
// that exist but are not understood here, else 400).
std::expected<BodyFraming, HttpError> request_framing(const Fields& fields, int version_minor);

// As above, with the bodies that never are: answers to HEAD, 1xx, 204, 304. Sets framing and declared_length.
std::optional<HttpError> set_response_framing(ResponseHead& head, Method request);

// True when the client waits for 100. Anything but one exact `100-continue` is refused (417); in HTTP/1.0 it means
// nothing.
std::expected<bool, HttpError> expects_continue(const Fields& fields, int version_minor);

}  // namespace tandem::http
