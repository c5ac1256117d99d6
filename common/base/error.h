// What went wrong, as a value. Errors travel as std::expected<T, Error>; nothing throws across a callback or a
// coroutine's edge. `reason` is a stable token: the same word stands in answers, logs and metrics.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tandem {

// Whose doing it was: decides the status a client sees (4xx, 502/504, 500) and what is counted against a server.
enum class Origin : std::uint8_t { client, upstream, internal };

struct [[nodiscard]] Error {
  Origin origin = Origin::internal;
  std::string_view reason;  // a string literal such as "upstream_timeout"; never built at run time
  bool retryable = false;   // nothing of the request was acted upon: another server may be tried
  std::string detail;       // for the log and for people, e.g. "connect to 127.0.0.1:9001: connection refused"
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Origin origin, std::string_view reason, std::string detail = {},
                                   bool retryable = false) {
  return std::unexpected<Error>(Error{origin, reason, retryable, std::move(detail)});
}

// The text of an errno value as people say it ("connection refused"), without the number.
std::string errno_text(int error);

// An error of the system: detail is "<what>: <errno's text>".
std::unexpected<Error> fail_errno(Origin origin, std::string_view reason, std::string_view what, int error,
                                  bool retryable = false);

}  // namespace tandem
