// What a cache makes of a request: under which key its answer lies, and what the client asks of a cache.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/cache/cache_control.h"
#include "gateway/cache/key.h"
#include "gateway/cache/policy.h"
#include "gateway/exchange.h"

namespace tandem::gateway {

// "http://api.example.com:8080/path?query": the parts of a key's URL as the gateway knows them. A port that the scheme
// means anyway is left out.
std::string cache_url(std::string_view scheme, std::string_view host, std::uint16_t port, std::string_view path,
                      std::optional<std::string_view> query);

// The key of the exchange's request on a route of this name. `per_caller`: the route asks who calls.
cache::Key cache_key(const Exchange& exchange, std::string_view route, bool per_caller);

// What stands in the request for a cache (RFC 9111 §5.2.1), and what kind of request it is.
struct CacheRequest {
  explicit CacheRequest(const Exchange& exchange);

  cache::Directives directives;
  bool conditional = false;  // If-None-Match or If-Modified-Since
  bool range = false;
  bool head = false;

  cache::Asked asked;
};

// Whether it can be answered by a cache at all: GET or HEAD without a body, no upgrade, and no condition that only the
// service can judge (If-Match, If-Unmodified-Since).
bool is_for_cache(const Exchange& exchange);

// Methods that change nothing (RFC 9110 §9.2.1).
constexpr bool is_safe(http::Method method) {
  return method == http::Method::get || method == http::Method::head || method == http::Method::options ||
         method == http::Method::trace;
}

}  // namespace tandem::gateway
