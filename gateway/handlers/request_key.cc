#include "gateway/handlers/request_key.h"

#include "common/balance/source_hash.h"
#include "common/http/cookie.h"

namespace tandem::gateway {

namespace {

// What the request itself says; nothing where it says nothing, or where the key is somebody's address.
std::optional<std::string_view> said(const KeyConfig& key, const Exchange& exchange) {
  std::optional<std::string_view> text;
  if (key.kind == KeyConfig::Kind::cookie) {
    text = http::cookie(exchange.request.fields, key.name);
  } else if (key.kind == KeyConfig::Kind::header) {
    if (const http::Field* field = exchange.request.fields.find(key.name)) text = field->value;
  }
  return text && !text->empty() ? text : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> request_key(const KeyConfig& key, const Exchange& exchange) {
  if (key.kind == KeyConfig::Kind::caller && exchange.identity && !exchange.identity->consumer.empty()) {
    return balance::text_key(exchange.identity->key());
  }
  if (key.kind == KeyConfig::Kind::caller || key.kind == KeyConfig::Kind::ip) {
    return balance::source_key(exchange.client);
  }
  const auto text = said(key, exchange);
  return text ? std::optional(balance::text_key(*text)) : std::nullopt;
}

// The first letter keeps apart what is said and what is known.
std::string request_key_text(const KeyConfig& key, const Exchange& exchange) {
  if (const auto text = said(key, exchange)) return "t" + std::string(*text);
  if (key.kind == KeyConfig::Kind::caller && exchange.identity && !exchange.identity->consumer.empty()) {
    return "c" + exchange.identity->key();
  }
  const auto& bytes = exchange.client.bytes;
  std::string text = "a";
  text.append(reinterpret_cast<const char*>(bytes.data()), exchange.client.is_v4() ? bytes.size() : bytes.size() / 2);
  return text;
}

std::uint64_t pick_hash(const balance::Upstream& upstream, const UpstreamConfig& config, const Exchange& exchange) {
  switch (upstream.options().balance) {
    case balance::Policy::source_hash: return balance::source_key(exchange.client);
    case balance::Policy::hash: {
      const auto key = request_key(config.hash_key, exchange);
      return key ? *key : balance::random_number();
    }
    default: return 0;
  }
}

}  // namespace tandem::gateway
