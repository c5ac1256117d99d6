#include "gateway/auth/find_keys.h"

#include <expected>
#include <utility>

#include <fmt/format.h>

#include "common/json/parse.h"

namespace tandem::gateway {
namespace {

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

FoundKeys nothing(std::string why) {
  FoundKeys found;
  found.why = std::move(why);
  return found;
}

// The address of the keys, as the issuer's own description says it. The description must be the issuer's: what it names
// is believed like the issuer itself (§4.3).
std::expected<HttpUrl, std::string> described(const std::string& text, const JwtConfig& config) {
  const auto json = json::parse(text);
  if (!json) return std::unexpected(fmt::format("its description is no JSON: {}", json.error()));
  const std::string* issuer = json->string_at("issuer");
  if (!issuer || *issuer != config.issuer) {
    return std::unexpected(fmt::format("its description is of another issuer: {}", issuer ? *issuer : "none is named"));
  }
  const std::string* uri = json->string_at("jwks_uri");
  if (!uri) return std::unexpected("its description has no jwks_uri");
  const auto url = HttpUrl::parse(*uri);
  if (!url) return std::unexpected(fmt::format("its jwks_uri {}", url.error()));
  if (config.source->secure && !url->secure) return std::unexpected("its jwks_uri is without TLS");
  return *url;
}

}  // namespace

async::Task<FoundKeys> find_keys(JwtConfig config, FetchOptions options) {
  options.tls = config.jwks.trust.context;
  options.most_bytes = jose::kMaxKeySetBytes;
  if (options.deadline == kNoDeadline) options.deadline = deadline_after(now(), config.jwks.timeout);
  HttpUrl url = *config.source;
  if (!config.jwks.url) {
    url.target = (url.target.ends_with('/') ? url.target.substr(0, url.target.size() - 1) : url.target);
    url.target += kWellKnown;
    const auto description = co_await fetch(url, options);
    if (!description) co_return nothing(fmt::format("{}: {}", url.to_string(), description.error()));
    const auto named = described(description->body, config);
    if (!named) co_return nothing(fmt::format("{}: {}", url.to_string(), named.error()));
    url = *named;
  }
  auto answer = co_await fetch(url, options);
  if (!answer) co_return nothing(fmt::format("{}: {}", url.to_string(), answer.error()));
  auto parsed = jose::parse_key_set(answer->body, false);
  if (!parsed) co_return nothing(fmt::format("{}: {}", url.to_string(), parsed.error()));
  FoundKeys found;
  found.set = std::make_shared<const jose::KeySet>(std::move(parsed->set));
  found.text = std::move(answer->body);
  found.left_out = std::move(parsed->left_out);
  found.fresh = answer->fresh;
  co_return found;
}

}  // namespace tandem::gateway
