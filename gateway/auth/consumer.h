// What a consumer of the configuration is to those who ask who calls.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "gateway/auth/options.h"
#include "gateway/identity.h"

namespace tandem::gateway {

inline std::shared_ptr<const Identity> identity_of(const std::string& provider, const ConsumerConfig& consumer,
                                                   json::Value claims = json::Value::object()) {
  auto identity = std::make_shared<Identity>();
  identity->provider = provider;
  identity->consumer = consumer.name;
  identity->groups = consumer.groups;
  identity->plan = consumer.plan;
  identity->claims = std::move(claims);
  return identity;
}

}  // namespace tandem::gateway
