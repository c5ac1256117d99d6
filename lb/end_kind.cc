#include "lb/end_kind.h"

#include <algorithm>
#include <array>

namespace tandem::lb {
namespace {

constexpr std::array<std::string_view, 6> kGood = {"client", "server",          "idle",
                                                   "drain",  "reset_by_client", "half_closed_timeout"};
constexpr std::array<std::string_view, 13> kRefused = {"forbidden",
                                                       "too_many_connections",
                                                       "rate_limited",
                                                       "no_match",
                                                       "not_tls",
                                                       "tls_handshake",
                                                       "client_hello_invalid",
                                                       "client_hello_too_large",
                                                       "handshake_timeout",
                                                       "client_closed",
                                                       "proxy_header_invalid",
                                                       "proxy_header_missing",
                                                       "proxy_header_refused"};

}  // namespace

EndKind kind_of_end(std::string_view end) {
  if (std::ranges::find(kGood, end) != kGood.end()) return EndKind::good;
  return std::ranges::find(kRefused, end) != kRefused.end() ? EndKind::refused : EndKind::error;
}

}  // namespace tandem::lb
