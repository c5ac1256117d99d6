// The errors that a program answers itself: RFC 9457 problem details, and the one place that turns an Error into a
// status. Pure; used off the hot path.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/http/http_error.h"

namespace tandem::http {

// What a client is told. `reason` is the stable token that the log and the metrics have too.
struct Problem {
  int status = 500;
  std::string reason;
  std::string detail;    // for people; never an address or a byte of somebody else's
  std::string instance;  // the request's id
};

enum class ProblemFormat : std::uint8_t { json, text, html };

// JSON, unless `accept` (the joined values of Accept; empty: anything) takes plain text or HTML and no kind of JSON.
ProblemFormat problem_format(std::string_view accept);

std::string_view content_type(ProblemFormat format);  // "application/problem+json" …
// For a place in HTML: markup is escaped, what is no printable ASCII becomes "?".
std::string escape_html(std::string_view text);
std::string problem_body(const Problem& problem, ProblemFormat format);

// The status of an error, by its reason, else by its origin: 400, 502, 500.
int to_status(const Error& error);

// What a client may know of it: the words of `detail` only when the client itself was wrong.
Problem to_problem(const Error& error, std::string_view instance);
Problem to_problem(const HttpError& error, std::string_view instance);

}  // namespace tandem::http
