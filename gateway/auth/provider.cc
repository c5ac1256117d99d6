#include "gateway/auth/provider.h"

#include "gateway/auth/api_key.h"
#include "gateway/auth/basic.h"
#include "gateway/auth/forward.h"
#include "gateway/auth/introspection.h"
#include "gateway/auth/jwt.h"
#include "gateway/auth/mtls.h"

namespace tandem::gateway {

std::string CredentialSource::text() const {
  switch (kind) {
    case Kind::scheme: return "header:Authorization";
    case Kind::header: return "header:" + name;
    case Kind::query: return "query:" + name;
    case Kind::cookie: return "cookie:" + name;
    case Kind::certificate: return "certificate";
    case Kind::request: break;
  }
  return "request";
}

std::shared_ptr<const Provider> make_provider(const AuthConfig& config, ProviderMaterial material) {
  switch (config.kind) {
    case AuthKind::jwt: break;
    case AuthKind::api_key: return std::make_shared<ApiKey>(config, std::move(material.history));
    case AuthKind::basic: return std::make_shared<Basic>(config, std::move(material.history));
    case AuthKind::mtls: return std::make_shared<Mtls>(config, std::move(material.history));
    case AuthKind::introspection:
      return std::make_shared<Introspection>(config, std::move(material.history), std::move(material.helper));
    case AuthKind::forward:
      return std::make_shared<Forward>(config, std::move(material.history), std::move(material.helper));
  }
  return std::make_shared<Jwt>(config, std::move(material.history), std::move(material.keys));
}

}  // namespace tandem::gateway
