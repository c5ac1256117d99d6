#include "gateway/filters/cache/request.h"

#include <algorithm>

#include "common/http/byte_class.h"
#include "gateway/identity.h"

namespace tandem::gateway {
namespace {

using http::FieldId;

void append_lower(std::string& to, std::string_view text) {
  std::ranges::transform(text, std::back_inserter(to), http::to_lower);
}

}  // namespace

std::string cache_url(std::string_view scheme, std::string_view host, std::uint16_t port, std::string_view path,
                      std::optional<std::string_view> query) {
  constexpr std::uint16_t kHttp = 80, kHttps = 443;
  std::string url;
  url.reserve(scheme.size() + host.size() + path.size() + (query ? query->size() : 0) + 16);
  url.append(scheme).append("://").append(host);
  if (port != 0 && port != (scheme == "https" ? kHttps : kHttp)) url.append(":").append(std::to_string(port));
  url.append(path);
  if (query) url.append("?").append(*query);
  return url;
}

cache::Key cache_key(const Exchange& exchange, std::string_view route, bool per_caller) {
  const http::RequestHead& request = exchange.request;
  const std::string url = cache_url(exchange.scheme, request.host, request.port, exchange.path,
                                    request.has_query ? std::optional(request.query) : std::nullopt);
  // Services may say in their answers by which name they were called.
  std::string rest(route);
  rest += ' ';
  append_lower(rest, request.authority);
  if (exchange.forwarding.forwarded_host != request.authority) {
    rest += ' ';
    append_lower(rest, exchange.forwarding.forwarded_host);
  }
  cache::Key key(url, rest);
  if (per_caller) key.split_by_caller(exchange.identity ? exchange.identity->key() : std::string());
  return key;
}

CacheRequest::CacheRequest(const Exchange& exchange) {
  const http::Fields& fields = exchange.request.fields;
  if (fields.has(FieldId::cache_control))
    directives = cache::parse_cache_control(fields.joined(FieldId::cache_control));
  conditional = fields.has_any(http::FieldSet(FieldId::if_none_match, FieldId::if_modified_since));
  range = fields.has(FieldId::range);
  head = exchange.request.method == http::Method::head;
  asked = {exchange.authorization, fields.has(FieldId::cookie), directives.no_store};
}

bool is_for_cache(const Exchange& exchange) {
  const http::RequestHead& request = exchange.request;
  return (request.method == http::Method::get || request.method == http::Method::head) && request.framing.is_empty() &&
         !exchange.websocket &&
         !request.fields.has_any(http::FieldSet(FieldId::if_match, FieldId::if_unmodified_since));
}

}  // namespace tandem::gateway
