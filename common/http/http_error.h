// Why a message is refused, with the status to answer. Small and free of allocation: made on the hot path of every
// parser in this room. `detail` is a string literal; it never holds a byte of the message.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace tandem::http {

struct [[nodiscard]] HttpError {
  std::uint16_t status = 400;
  std::string_view reason = "bad_request";  // the stable token of answers, logs and metrics
  std::string_view detail;                  // a sentence for people

  bool operator==(const HttpError&) const = default;
};

constexpr HttpError bad_request(std::string_view detail) { return {400, "bad_request", detail}; }
// What a server sent cannot be trusted: 502, and its connection is closed.
constexpr HttpError bad_response(std::string_view detail) { return {502, "upstream_protocol", detail}; }

// The same as the error that travels through coroutines.
inline Error to_error(const HttpError& error, Origin origin) {
  return Error{origin, error.reason, false, std::string(error.detail)};
}

}  // namespace tandem::http
