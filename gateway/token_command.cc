#include "gateway/token_command.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "common/async/task_group.h"
#include "common/base/escape.h"
#include "common/config/suggest.h"
#include "common/net/reactor.h"
#include "gateway/auth/find_keys.h"
#include "gateway/auth/jwt.h"

namespace tandem::gateway {
namespace {

class Report {
 public:
  void line(std::string_view label, std::string_view content) {
    out_ += fmt::format("{:<10}", label);
    append_printable(out_, content);
    out_ += '\n';
  }
  TokenAnswer refused(std::string_view why) {
    line("verdict", fmt::format("refused: {}", why));
    return {1, std::move(out_)};
  }
  TokenAnswer accepted(std::string_view how) {
    line("verdict", fmt::format("accepted{}", how));
    return {0, std::move(out_)};
  }

 private:
  std::string out_;
};

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

async::Task<void> fetch_into(FoundKeys& found, JwtConfig config, FetchOptions options, net::Reactor& reactor) {
  found = co_await find_keys(std::move(config), std::move(options));
  reactor.stop();
}

FoundKeys keys_of(const GatewayConfig& config, const JwtConfig& jwt) {
  FoundKeys found;
  found.set = jwt.keys;
  if (found.set) return found;
  net::Reactor reactor;
  async::TaskGroup tasks;
  FetchOptions options;
  options.resolvers = config.process.resolvers;
  tasks.spawn(fetch_into(found, jwt, std::move(options), reactor));
  reactor.run();
  return found;
}

void show_token(Report& report, const jose::Token& token) {
  std::string header = "alg ";
  append_json_string(header, token.algorithm, 64);
  for (const auto& [name, value] : {std::pair("kid", &token.key_id), std::pair("typ", &token.type)}) {
    if (!*value) continue;
    header += fmt::format(", {} ", name);
    append_json_string(header, **value, 64);
  }
  report.line("header", header);
  for (std::size_t i = 0; i < token.claims.names().size(); ++i) {
    report.line(i == 0 ? "claims" : "",
                fmt::format("{} = {}", token.claims.names()[i], token.claims.values()[i].to_text()));
  }
}

TokenAnswer examine(const GatewayConfig& config, const AuthConfig& provider, const TokenQuestion& question) {
  Report report;
  report.line("provider", provider.name);
  const auto token = jose::parse_token(without_blanks(question.token));
  if (!token) return report.refused(token.error());
  show_token(report, *token);
  const FoundKeys found = keys_of(config, provider.jwt);
  if (!found.set) return report.refused("there are no keys: " + found.why);
  const jose::Rules rules = rules_of(provider.jwt);
  const auto key = jose::check_signature(*token, *found.set, rules);
  if (!key) {
    for (const jose::Key& known : found.set->keys) report.line("known key", known.describe());
    return report.refused(key.error().why);
  }
  report.line("key", (*key)->describe());
  if (question.signature_only) return report.accepted(": the signature is right; the claims were not looked at");
  const auto valid = jose::check_claims(token->claims, rules, wall_now());
  if (!valid) return report.refused(valid.error().why);
  if (valid->until == WallTime::max()) return report.accepted(", for ever");
  return report.accepted(fmt::format(", until {}", to_rfc3339(valid->until)));
}

}  // namespace

TokenAnswer examine_token(const GatewayConfig& config, const TokenQuestion& question) {
  std::vector<std::string> names;
  for (const AuthConfig& provider : config.auth) names.push_back(provider.name);
  const auto provider = std::ranges::find(config.auth, question.provider, &AuthConfig::name);
  if (provider == config.auth.end()) {
    return {2, fmt::format("no [auth.{}] is defined{}\n", question.provider,
                           config::did_you_mean(question.provider, names))};
  }
  if (provider->kind != AuthKind::jwt) {
    return {2, fmt::format("[auth.{}] is not of the kind \"jwt\": only such a token says by itself what it is worth\n",
                           provider->name)};
  }
  return examine(config, *provider, question);
}

}  // namespace tandem::gateway
