// Limits for tests.
#pragma once
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "gateway/rate_limit/charge.h"

namespace tandem::gateway::test {

inline limit::Key key(std::uint64_t number) {
  limit::Key key{};
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}

// A limit by address. A rate of 0: none.
struct LimitMaker {
  RateLimitConfig config;
  std::size_t keys = 1000;

  explicit LimitMaker(std::string name) {
    config.name = std::move(name);
    config.key = {{LimitKeyPart::Kind::ip, {}}};
  }
  LimitMaker& rate(limit::Rate rate, std::uint64_t burst, std::string tier = "default") {
    config.rate.values.emplace_back(tier, rate);
    config.burst.values.emplace_back(std::move(tier), burst);
    return *this;
  }
  LimitMaker& quota(const char* text, std::string tier = "default") {
    config.quota.values.emplace_back(std::move(tier), Quota::parse(text));
    return *this;
  }
  std::unique_ptr<Limit> make() const { return std::make_unique<Limit>(config, std::make_shared<LimitState>(keys)); }
};

inline Charge charge_of(const Limit& limit, limit::Key key, std::uint64_t cost = 1) {
  return {.limit = &limit, .allowance = &limit.allowances().front(), .key = key, .cost = cost};
}

}  // namespace tandem::gateway::test
