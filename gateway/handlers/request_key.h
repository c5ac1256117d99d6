// What tells one request from another: the hash of a header, a cookie, or the caller, for `sticky` and `hash_key`.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/balance/upstream.h"
#include "gateway/config.h"
#include "gateway/exchange.h"

namespace tandem::gateway {

// Nothing where the request lacks it. The same over all workers and gateways. The caller is the authenticated one, else
// the client's address.
std::optional<std::uint64_t> request_key(const KeyConfig& key, const Exchange& exchange);

// The key itself, for counting who has how many: it cannot be made equal to another's. The caller is the authenticated
// one, else the client's address (of IPv6 the /64), which also stands in where the request lacks the header or cookie.
std::string request_key_text(const KeyConfig& key, const Exchange& exchange);

// What a hashing upstream's picker goes by (PickRequest::hash); 0 with other policies. A request without the key goes
// to any server.
std::uint64_t pick_hash(const balance::Upstream& upstream, const UpstreamConfig& config, const Exchange& exchange);

}  // namespace tandem::gateway
