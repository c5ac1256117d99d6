#include "gateway/handlers/aggregate/outcome.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/http/problem.h"

namespace tandem::gateway {

std::string_view part_error(const Error& error) {
  constexpr std::string_view kPrefix = "upstream_";
  std::string_view token = error.reason;
  if (token.starts_with(kPrefix)) token.remove_prefix(kPrefix.size());
  return token.empty() ? "internal_error" : token;
}

int status_of(const PartFailure& failure) {
  constexpr int kBadGateway = 502, kUnavailable = 503, kTimeout = 504;
  switch (failure.status) {
    case 0: break;
    case 401: return failure.authenticate.empty() ? kBadGateway : 401;
    case 403:
    case 404:
    case 410: return failure.status;
    case 429:
    case 503: return kUnavailable;
    case 504: return kTimeout;
    default: return kBadGateway;
  }
  if (failure.err == "timeout" || failure.err == "connect_timeout") return kTimeout;
  // A reason that is known by its whole name has a status of its own; what the client did wrong is none of it here.
  const int known = http::to_status(Error{Origin::upstream, failure.err, false, {}});
  return known == kUnavailable || known == kTimeout ? known : kBadGateway;
}

void append_part(std::string& list, const PartTold& part) {
  if (!list.empty()) list += ", ";
  list += part.name;
  const auto out = std::back_inserter(list);
  if (part.status != 0) fmt::format_to(out, ";s={}", part.status);
  if (part.calls) fmt::format_to(out, ";n={}", *part.calls);
  if (part.failed_calls > 0) fmt::format_to(out, ";failed={}", part.failed_calls);
  if (!part.err.empty()) fmt::format_to(out, ";err={}", part.err);
  if (part.skipped) list += ";skipped";
  if (part.fallback) list += ";fallback";
  if (!part.cache.empty()) fmt::format_to(out, ";cache={}", part.cache);
  if (part.took) {
    fmt::format_to(out, ";ms={}", std::chrono::duration_cast<std::chrono::milliseconds>(*part.took).count());
  }
}

}  // namespace tandem::gateway
