#include "gateway/auth/introspection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/base64.h"
#include "common/json/parse.h"
#include "gateway/auth/claims.h"
#include "gateway/helper/service.h"

namespace tandem::gateway {
namespace {

constexpr std::string_view kUnavailable = "auth_unavailable";
constexpr std::uint64_t kTheseRules = 0;  // they are those of the configuration, as long as it lasts
constexpr std::size_t kMostBytes = 64 * 1024;

// A value of application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.contains(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// RFC 6749 §2.3.1.
std::string client_authorization(const IntrospectionConfig& config) {
  if (config.client_id.empty()) return {};
  return "Basic " + to_base64(form_encoded(config.client_id) + ':' + form_encoded(config.client_secret.value_or("")));
}

}  // namespace

jose::Rules rules_of(const IntrospectionConfig& config) {
  return {.algorithms = {},
          .issuer = config.issuer,
          .audience = config.audience,
          .type = {},
          .leeway = config.leeway,
          .must_expire = false};
}

Introspection::Introspection(const AuthConfig& config, std::shared_ptr<AuthHistory> history,
                             std::shared_ptr<const HelperService> helper)
    : Provider(config, std::move(history)),
      helper_(std::move(helper)),
      rules_(rules_of(config.introspection)),
      authorization_(client_authorization(config.introspection)),
      availability_(config.name, this->history().helper, "whoever shows a token that is not known is answered 503") {}

std::shared_ptr<const Identity> Introspection::recall(std::string_view token, const Exchange&) const {
  if (token.size() > jose::kMaxTokenBytes) return nullptr;
  return active_.find(Verified::hash(token), kTheseRules, wall_now());
}

async::Task<AuthVerdict> Introspection::verify(std::string_view token, Exchange& exchange) const {
  if (token.empty()) co_return std::unexpected(AuthRefusal{"the token is empty"});
  if (token.size() > jose::kMaxTokenBytes) co_return std::unexpected(AuthRefusal{"the token is over 8 KiB"});
  const Verified::Hash mark = Verified::hash(token);
  if (refused_.find(mark, kTheseRules, wall_now())) {
    co_return std::unexpected(AuthRefusal{"the token was refused a moment ago"});
  }
  co_return co_await flights_.share(mark, [&] { return ask(token, mark, exchange); });
}

async::Task<AuthVerdict> Introspection::ask(std::string_view token, const Verified::Hash& mark,
                                            Exchange& exchange) const {
  HelperService::Request request;
  request.method = http::Method::post;
  request.fields.add("Content-Type", "application/x-www-form-urlencoded");
  request.fields.add("Accept", "application/json");
  if (!authorization_.empty()) request.fields.add("Authorization", authorization_);
  request.body = "token=" + form_encoded(token) + "&token_type_hint=access_token";
  request.most_bytes = kMostBytes;
  auto answer = co_await helper_->ask(exchange, std::move(request));
  if (!answer && answer.error().origin != Origin::upstream) {
    co_return std::unexpected(AuthRefusal{answer.error().detail, answer.error().reason});
  }
  auto said = answer ? read(answer->status, answer->body) : std::unexpected(answer.error().detail);
  if (!said) {
    availability_.failed(said.error());
    co_return std::unexpected(AuthRefusal{std::move(said.error()), kUnavailable});
  }
  availability_.answered();
  co_return judge(*std::move(said), mark);
}

// An answer that says something of the token (RFC 7662 §2.2).
std::expected<json::Value, std::string> Introspection::read(int status, const std::string& body) const {
  if (status == 401 || status == 403) {
    return std::unexpected(fmt::format("it refuses the gateway's own credentials (status {})", status));
  }
  if (status != 200) return std::unexpected(fmt::format("it answers with status {}", status));
  auto said = json::parse(body);
  if (!said) return std::unexpected(fmt::format("its answer is no JSON: {}", said.error()));
  const json::Value* active = said->find("active");
  if (!active || !active->truth()) return std::unexpected("its answer does not say whether the token is active");
  return *std::move(said);
}

AuthVerdict Introspection::refuse(std::string why, const Verified::Hash& mark) const {
  static const auto nobody = std::make_shared<const Identity>();
  const WallTime now = wall_now();
  if (const Duration keep = config().introspection.cache_refused; keep > Duration::zero()) {
    refused_.add(mark, kTheseRules, now + keep, now, nobody);
  }
  return std::unexpected(AuthRefusal{std::move(why)});
}

AuthVerdict Introspection::judge(json::Value answer, const Verified::Hash& mark) const {
  if (!*answer.find("active")->truth()) return refuse("the token is not active", mark);
  const WallTime now = wall_now();
  const auto valid = jose::check_claims(answer, rules_, now);
  if (!valid) return refuse(valid.error().why, mark);
  auto identity = identity_of_claims(config().name, config().introspection.consumer, std::move(answer));
  if (const Duration keep = config().introspection.cache; keep > Duration::zero()) {
    active_.add(mark, kTheseRules, std::min(valid->until, now + keep), now, identity);
  }
  return identity;
}

// RFC 6750 §3.1: no error is named to who has shown nothing.
std::string Introspection::challenge(bool refused) const {
  return fmt::format("Bearer realm=\"{}\"{}", config().name, refused ? ", error=\"invalid_token\"" : "");
}

void Introspection::write_status(JsonWriter& json) const { availability_.write_status(json); }

}  // namespace tandem::gateway
