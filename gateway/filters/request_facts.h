// What an `allow` may ask of an exchange.
#pragma once
#include <array>
#include <string>

#include "gateway/exchange.h"
#include "gateway/policy/rule.h"

namespace tandem::gateway {

// What the caller's identity says of it; null: nobody has said who calls.
class CallerFacts : public policy::Facts {
 public:
  explicit CallerFacts(const Identity* identity) : identity_(identity) {}
  const json::Value* claims() const override { return identity_ ? &identity_->claims : nullptr; }
  std::optional<std::string_view> consumer() const override { return known(&Identity::consumer); }
  std::optional<std::string_view> plan() const override { return known(&Identity::plan); }
  const std::vector<std::string>* groups() const override { return identity_ ? &identity_->groups : nullptr; }

 private:
  std::optional<std::string_view> known(std::string Identity::* member) const {
    if (!identity_ || (identity_->*member).empty()) return std::nullopt;
    return identity_->*member;
  }
  const Identity* identity_;
};

// Parameters and fields of a request, parameters decoded.
class RequestFacts final : public CallerFacts {
 public:
  RequestFacts(const http::RequestHead& request, std::span<const std::string_view> params, std::optional<IpAddress> ip,
               const Identity* identity);
  explicit RequestFacts(const Exchange& exchange)
      : RequestFacts(exchange.request, exchange.params.span(), exchange.client, exchange.identity.get()) {}

  std::optional<std::string_view> param(std::size_t index) const override;
  std::optional<std::string_view> header(std::string_view name) const override;
  std::string_view method() const override { return request_.method_text; }
  std::optional<IpAddress> ip() const override { return ip_; }

 private:
  const http::RequestHead& request_;
  const std::span<const std::string_view> params_;
  std::array<std::string, routing::kMaxParams> decoded_;  // of those that are spelled with escapes
  const std::optional<IpAddress> ip_;
};

// What kept a rule from being true, for the log and for people: "`a == b` is false; …".
std::string to_text(std::span<const policy::Reason> reasons);

}  // namespace tandem::gateway
