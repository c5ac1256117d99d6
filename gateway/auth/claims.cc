#include "gateway/auth/claims.h"

#include <algorithm>
#include <utility>

namespace tandem::gateway {
namespace {

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

std::shared_ptr<const Identity> identity_of_claims(const std::string& provider, const std::string& consumer,
                                                   json::Value claims) {
  auto identity = std::make_shared<Identity>();
  identity->provider = provider;
  if (const std::string* name = claims.string_at(consumer)) identity->consumer = *name;
  for (const std::string_view member : {"scope", "scp"}) {
    if (const json::Value* claim = claims.find(member)) add_scopes(*claim, identity->scopes);
  }
  identity->claims = std::move(claims);
  return identity;
}

}  // namespace tandem::gateway
