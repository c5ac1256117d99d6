#include "gateway/log_rules.h"

#include <algorithm>

#include "common/base/id.h"
#include "common/http/message.h"
#include "gateway/config.h"

namespace tandem::gateway {
namespace {

constexpr int kFirstFailure = 500;
constexpr std::string_view kLabels = "labels.";  // ECS: keys of one's own, without dots in them

std::string ecs_key(const std::string& name) {
  if (name == "user-agent") return "user_agent.original";
  if (name == "referer") return "http.request.referrer";
  if (name == "content-type") return "http.request.mime_type";
  std::string key = "labels.header_" + name;
  std::ranges::replace(key, '-', '_');
  std::ranges::replace(key, '.', '_');
  return key.replace(0, kLabels.size(), kLabels);
}

// Where the file's providers look for credentials is secret as well.
std::vector<std::string> names(const GatewayConfig& config) {
  std::vector<std::string> all = config.log.redact;
  for (const AuthConfig& provider : config.auth) {
    if (provider.from.kind != CredentialSource::Kind::scheme) all.push_back(provider.from.name);
  }
  return all;
}

}  // namespace

LogRules::LogRules(const GatewayConfig& config)
    : format(config.log.format), sample(config.log.sample), query(config.log.query), redaction(names(config)) {
  for (const std::string& name : config.log.headers) {
    fields.push_back({name, "header." + name, ecs_key(name), redaction.hides_field(name)});
  }
}

bool LogRules::wants(int status, std::string_view reason) const {
  return sample >= 1 || status == 0 || status >= kFirstFailure || !reason.empty() || by_chance(sample);
}

LoggedFields LogRules::values_of(const http::Fields& of) const {
  LoggedFields values;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const http::Field* field = of.find(fields[i].name);
    if (field) values[i] = fields[i].hidden && !field->value.empty() ? Redaction::kMask : field->value;
  }
  return values;
}

}  // namespace tandem::gateway
