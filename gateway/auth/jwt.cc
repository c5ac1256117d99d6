#include "gateway/auth/jwt.h"

#include <utility>

#include <fmt/format.h>

namespace tandem::gateway {
namespace {

constexpr std::uint64_t kTheseKeys = 0;  // they are those of the configuration, as long as it lasts

// Scopes are the words of `scope` (RFC 8693 §4.2), or those of `scp`, where some issuers put them as a list.
void add_scopes(const json::Value& claim, std::vector<std::string>& scopes) {
  if (const std::string* text = claim.string()) {
    for (std::size_t begin = 0; begin <= text->size();) {
      const std::size_t end = std::min(text->find(' ', begin), text->size());
      if (end > begin) scopes.push_back(text->substr(begin, end - begin));
      begin = end + 1;
    }
  } else if (claim.array()) {
    for (const json::Value& one : *claim.array()) {
      if (one.string() && !one.string()->empty()) scopes.push_back(*one.string());
    }
  }
}

}  // namespace

jose::Rules rules_of(const JwtConfig& config) {
  return {.algorithms = config.algorithms,
          .issuer = config.issuer,
          .audience = config.audience,
          .type = config.type,
          .leeway = config.leeway,
          .must_expire = config.require_exp};
}

Jwt::Jwt(const AuthConfig& config, std::shared_ptr<AuthHistory> history)
    : Provider(config, std::move(history)), rules_(rules_of(config.jwt)) {}

std::shared_ptr<const Identity> Jwt::recall(std::string_view token) const {
  if (token.size() > jose::kMaxTokenBytes) return nullptr;
  return verified_.find(Verified::hash(token), kTheseKeys, wall_now());
}

async::Task<AuthVerdict> Jwt::verify(std::string_view text) const {
  auto token = jose::parse_token(text);
  if (!token) co_return std::unexpected(AuthRefusal{std::string(token.error())});
  const auto key = jose::check_signature(*token, *config().jwt.keys, rules_);
  if (!key) co_return std::unexpected(AuthRefusal{key.error().why});
  const WallTime now = wall_now();
  const auto valid = jose::check_claims(token->claims, rules_, now);
  if (!valid) co_return std::unexpected(AuthRefusal{valid.error().why});
  auto identity = std::make_shared<Identity>();
  identity->provider = config().name;
  if (const std::string* consumer = token->claims.string_at(config().jwt.consumer)) identity->consumer = *consumer;
  for (const std::string_view name : {"scope", "scp"}) {
    if (const json::Value* claim = token->claims.find(name)) add_scopes(*claim, identity->scopes);
  }
  identity->claims = std::move(token->claims);
  verified_.add(Verified::hash(text), kTheseKeys, valid->until, now, identity);
  co_return std::shared_ptr<const Identity>(std::move(identity));
}

// RFC 6750 §3.1: no error is named to who has shown nothing.
std::string Jwt::challenge(bool refused) const {
  return fmt::format("Bearer realm=\"{}\"{}", config().name, refused ? ", error=\"invalid_token\"" : "");
}

}  // namespace tandem::gateway
