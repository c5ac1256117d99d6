#include "gateway/auth/api_key.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/auth/consumer.h"

namespace tandem::gateway {

ApiKey::ApiKey(const AuthConfig& config, std::shared_ptr<AuthHistory> history) : Provider(config, std::move(history)) {
  consumers_.reserve(config.api_key.consumers.size());
  for (const ConsumerConfig& consumer : config.api_key.consumers) {
    consumers_.emplace_back(consumer.key_hash, identity_of(config.name, consumer));
  }
  std::ranges::sort(consumers_, {}, [](const auto& consumer) { return consumer.first; });
}

// Everything is known already: there is nothing left to verify.
std::shared_ptr<const Identity> ApiKey::recall(std::string_view key, const Exchange&) const {
  const Verified::Hash hash = Verified::hash(key);
  const auto found =
      std::ranges::lower_bound(consumers_, hash, {}, [](const auto& consumer) { return consumer.first; });
  return found != consumers_.end() && found->first == hash ? found->second : nullptr;
}

async::Task<AuthVerdict> ApiKey::verify(std::string_view key, Exchange&) const {
  co_return std::unexpected(AuthRefusal{key.empty() ? "the key is empty" : "nobody has this key"});
}

// No scheme is registered for keys; this says what to send, and where.
std::string ApiKey::challenge(bool) const {
  if (config().from.kind == CredentialSource::Kind::scheme) return fmt::format("Bearer realm=\"{}\"", config().name);
  const std::string from = config().from.text();
  const std::size_t colon = from.find(':');
  return fmt::format("ApiKey realm=\"{}\", in=\"{}\", name=\"{}\"", config().name, from.substr(0, colon),
                     from.substr(colon + 1));
}

}  // namespace tandem::gateway
