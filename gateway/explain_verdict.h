// What `gateway explain --claims` says of a caller with these claims: whether a route would let it through, step by
// step as the filters take them.
#pragma once
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/message.h"
#include "common/json/value.h"
#include "gateway/config.h"

namespace tandem::gateway {

struct ExplainedVerdict {
  int status = 0;                                          // of the refusal; 0: the caller is let through
  std::vector<std::pair<std::string, std::string>> steps;  // what was asked ("auth", "scopes", "allow"), and the answer
};

// The claims as a text or a file holds them; else what is wrong with it.
std::expected<json::Value, std::string> parse_claims(std::string_view text);
std::expected<json::Value, std::string> read_claims(const std::string& path);

// `from`: the client's address, where it is known.
ExplainedVerdict verdict_of(const GatewayConfig& config, std::size_t route, const http::RequestHead& request,
                            std::span<const std::string_view> params, const json::Value& claims,
                            std::optional<IpAddress> from);

}  // namespace tandem::gateway
