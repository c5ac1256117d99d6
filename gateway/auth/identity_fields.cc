#include "gateway/auth/identity_fields.h"

#include <algorithm>

#include "common/http/byte_class.h"

namespace tandem::gateway {

namespace {

bool tells_consumer(std::string_view value) { return value == "consumer" || value.starts_with("consumer:"); }

}  // namespace

std::vector<std::string> names_of_identity_fields(const GatewayConfig& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const auto is_same = [&](const std::string& known) { return http::equals_ignoring_case(known, name); };
    if (std::ranges::none_of(names, is_same)) names.push_back(name);
  };
  if (!config.auth.empty()) {
    add("X-User");
    add("X-Consumer");
  }
  for (const AuthConfig& provider : config.auth) {
    for (const std::string& name : provider.forward.copy) add(name);
  }
  for (const RouteConfig& route : config.routes) {
    for (const auto* settings : {&route.headers.request.set, &route.headers.request.add}) {
      for (const FieldSetting& setting : *settings) {
        if (setting.value.starts_with("claim:") || tells_consumer(setting.value)) add(setting.name);
      }
    }
  }
  return names;
}

}  // namespace tandem::gateway
