#include "gateway/filters/cache/invalidate.h"

#include "common/http/path.h"
#include "gateway/filters/cache/request.h"

namespace tandem::gateway {
namespace {

using http::FieldId;

// The URL of a reference at the origin of `base`, written as keys are; nothing where it is another's, or no path.
std::optional<std::string> same_origin_url(std::string_view reference, std::string_view base) {
  const std::string_view origin = cache::origin_of(base);
  reference = reference.substr(0, reference.find('#'));
  if (reference.starts_with(origin) && reference.substr(origin.size()).starts_with('/')) {
    reference.remove_prefix(origin.size());
  }
  if (!reference.starts_with('/') || reference.starts_with("//")) return std::nullopt;
  const std::size_t query = reference.find('?');
  std::string buffer;
  const auto path = http::normalize_path(reference.substr(0, query), buffer, {.encoded_slashes = true});
  if (!path) return std::nullopt;
  std::string url(origin);
  url.append(*path);
  if (query != std::string_view::npos) url.append(reference.substr(query));
  return url;
}

}  // namespace

async::Task<Result<Response>> invalidating(Exchange& exchange, Next next,
                                           std::span<const std::shared_ptr<cache::Store>> stores) {
  const cache::Key key = cache_key(exchange, {}, false);
  auto response = co_await next(exchange);
  if (!response || response->status < 200 || response->status >= 400 || !response->refusal.empty()) co_return response;
  const http::Fields& fields = response->fields;
  const std::vector<std::string> groups = cache::groups_of(fields, "cache-group-invalidation");
  for (const auto& store : stores) {
    store->purge_url(key.url());
    for (const std::string_view name : {"location", "content-location"}) {
      const http::Field* field = fields.find(name);
      const auto url = field ? same_origin_url(field->value, key.url()) : std::nullopt;
      if (url) store->purge_url(*url);
    }
    for (const std::string& group : groups) store->purge_group(group, cache::origin_of(key.url()));
  }
  co_return response;
}

async::Task<Result<Response>> InvalidateCaches::handle(Exchange& exchange, Next next) const {
  if (is_safe(exchange.request.method)) return next(exchange);
  return invalidating(exchange, next, stores_);
}

}  // namespace tandem::gateway
