#include "gateway/auth/jwt.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/auth/claims.h"

namespace tandem::gateway {
namespace {

constexpr int kMostSets =
    3;  // that are tried for one token: an issuer that changes its keys all the time is a broken one

}  // namespace

jose::Rules rules_of(const JwtConfig& config) {
  return {.algorithms = config.algorithms,
          .issuer = config.issuer,
          .audience = config.audience,
          .type = config.type,
          .leeway = config.leeway,
          .must_expire = config.require_exp};
}

Jwt::Jwt(const AuthConfig& config, std::shared_ptr<AuthHistory> history, std::shared_ptr<RemoteKeys> remote)
    : Provider(config, std::move(history)), rules_(rules_of(config.jwt)), remote_(std::move(remote)) {}

std::uint64_t Jwt::keys_version() const { return remote_ ? remote_->version() : 0; }

PublishedKeys Jwt::keys() const { return remote_ ? remote_->present() : PublishedKeys{0, config().jwt.keys, {}}; }

// The keys of which one has made the signature. Where none has and the issuer may have newer ones, those are waited
// for.
async::Task<std::expected<PublishedKeys, AuthRefusal>> Jwt::keys_that_signed(const jose::Token& token) const {
  PublishedKeys known = keys();
  if (!known.set && remote_) known = co_await remote_->newer_than(0);
  for (int tried = 1;; ++tried) {
    if (!known.set) {
      const std::string why = known.why.empty() ? "they were not fetched in time" : known.why;
      co_return std::unexpected(AuthRefusal{"there are no keys: " + why, "auth_unavailable"});
    }
    const auto key = jose::check_signature(token, *known.set, rules_);
    if (key) co_return known;
    const auto refused = std::unexpected(AuthRefusal{key.error().why});
    if (!remote_ || !key.error().unknown_key || tried == kMostSets) co_return refused;
    const std::uint64_t seen = known.version;
    known = co_await remote_->newer_than(seen);
    if (known.version == seen) co_return refused;
  }
}

std::shared_ptr<const Identity> Jwt::recall(std::string_view token, const Exchange&) const {
  if (token.size() > jose::kMaxTokenBytes) return nullptr;
  return verified_.find(Verified::hash(token), keys_version(), wall_now());
}

async::Task<AuthVerdict> Jwt::verify(std::string_view text, Exchange&) const {
  auto token = jose::parse_token(text);
  if (!token) co_return std::unexpected(AuthRefusal{std::string(token.error())});
  const auto keys = co_await keys_that_signed(*token);
  if (!keys) co_return std::unexpected(keys.error());
  const WallTime now = wall_now();
  const auto valid = jose::check_claims(token->claims, rules_, now);
  if (!valid) co_return std::unexpected(AuthRefusal{valid.error().why});
  auto identity = identity_of_claims(config().name, config().jwt.consumer, std::move(token->claims));
  verified_.add(Verified::hash(text), keys->version, valid->until, now, identity);
  co_return identity;
}

// RFC 6750 §3.1: no error is named to who has shown nothing.
std::string Jwt::challenge(bool refused) const {
  return fmt::format("Bearer realm=\"{}\"{}", config().name, refused ? ", error=\"invalid_token\"" : "");
}

void Jwt::write_status(JsonWriter& json) const {
  if (remote_) remote_->write_status(json);
}

}  // namespace tandem::gateway
