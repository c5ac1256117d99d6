#include "gateway/explain_verdict.h"

#include <memory>

#include <fmt/format.h>

#include "common/config/files.h"
#include "common/json/parse.h"
#include "gateway/auth/claims.h"
#include "gateway/auth/introspection.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/mtls.h"
#include "gateway/config_policy.h"
#include "gateway/filters/authorize.h"
#include "gateway/filters/request_facts.h"

namespace tandem::gateway {
namespace {

class Judge {
 public:
  Judge(const GatewayConfig& config, const RouteConfig& route, const json::Value& claims)
      : config_(config), route_(route), claims_(claims) {}

  // The first choice of which every provider takes the claims. Their signature is taken for good; nothing else than
  // tokens and certificates has claims that could be judged.
  const Identity* authenticate() {
    for (const auto& group : route_.auth.groups) {
      bool all = true;
      for (const RouteAuth::Member& member : group) all = takes(config_.auth[member.index]) && all;
      if (!all) continue;
      identity_ = identity_by(config_.auth[group.front().index]);
      if (identity_) return identity_.get();
    }
    return nullptr;
  }

  ExplainedVerdict out;

 private:
  std::shared_ptr<const Identity> identity_by(const AuthConfig& provider) const {
    if (provider.kind == AuthKind::jwt) return identity_of_claims(provider.name, provider.jwt.consumer, claims_);
    if (provider.kind == AuthKind::introspection) {
      return identity_of_claims(provider.name, provider.introspection.consumer, claims_);
    }
    return identity_of_certificate(provider, claims_).value_or(nullptr);
  }

  bool takes(const AuthConfig& provider) {
    const auto say = [&](std::string what) {
      out.steps.emplace_back("auth", fmt::format("{}: {}", provider.name, what));
    };
    if (provider.kind == AuthKind::mtls) {
      const auto known = identity_of_certificate(provider, claims_);
      say(known ? "takes this certificate, verified" : "refuses this certificate: " + known.error());
      return known.has_value();
    }
    if (provider.kind == AuthKind::introspection) {
      const auto valid = jose::check_claims(claims_, rules_of(provider.introspection), wall_now());
      say(valid ? "takes these claims, of an active token" : "refuses these claims: " + valid.error().why);
      return valid.has_value();
    }
    if (provider.kind != AuthKind::jwt) {
      say("its credentials have no claims that could be judged");
      return false;
    }
    const auto valid = jose::check_claims(claims_, rules_of(provider.jwt), wall_now());
    say(valid ? "takes these claims, rightly signed" : "refuses these claims: " + valid.error().why);
    return valid.has_value();
  }

  const GatewayConfig& config_;
  const RouteConfig& route_;
  const json::Value& claims_;
  std::shared_ptr<const Identity> identity_;
};

}  // namespace

std::expected<json::Value, std::string> parse_claims(std::string_view text) {
  if (text.size() > jose::kMaxTokenBytes) return std::unexpected("too long");
  auto claims = json::parse(text);
  if (!claims) return std::unexpected(std::string(claims.error()));
  if (!claims->is(json::Value::Kind::object)) return std::unexpected("holds no JSON object");
  return *std::move(claims);
}

std::expected<json::Value, std::string> read_claims(const std::string& path) {
  const auto text = config::read_file(path, jose::kMaxTokenBytes);
  if (!text) return std::unexpected(text.error().detail);
  auto claims = parse_claims(*text);
  if (!claims) return std::unexpected(fmt::format("{}: {}", path, claims.error()));
  return claims;
}

ExplainedVerdict verdict_of(const GatewayConfig& config, std::size_t index, const http::RequestHead& request,
                            std::span<const std::string_view> params, const json::Value& claims,
                            std::optional<IpAddress> from) {
  const RouteConfig& route = config.routes[index];
  Judge judge(config, route, claims);
  const Identity* identity = judge.authenticate();
  ExplainedVerdict& out = judge.out;
  const auto refuse = [&](int status, bool only_reported) {
    if (out.status == 0 && !only_reported) out.status = status;
  };
  if (!identity && !route.is_public) {
    refuse(401, false);
    return out;
  }
  const auto note = [](bool report) { return report ? " (only reported)" : ""; };
  const ScopesConfig& scopes = route.auth.scopes;
  if (const std::string* missing = missing_scope(scopes.all, identity)) {
    out.steps.emplace_back("scopes", fmt::format("{} is missing{}", *missing, note(scopes.report)));
    refuse(403, scopes.report);
  } else if (!scopes.all.empty()) {
    out.steps.emplace_back("scopes", "all are there");
  }
  const auto rule = rule_of(route, config.table->routes()[index].pattern);
  if (!rule) return out;
  const RequestFacts facts(request, params, from, identity);
  const auto reasons = rule->reasons(facts);
  const bool report = route.auth.allow.report;
  out.steps.emplace_back("allow", reasons.empty() ? "true" : to_text(reasons) + note(report));
  if (!reasons.empty()) refuse(403, report);
  return out;
}

}  // namespace tandem::gateway
