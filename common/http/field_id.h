// The field names that the programs act on, as small numbers: found once while parsing, compared as one byte after
// that. Fewer than 64, so that a set of them is one word.
#pragma once
#include <cstdint>
#include <string_view>

namespace tandem::http {

#define TANDEM_HTTP_FIELDS(X)                         \
  X(accept, "accept")                                 \
  X(accept_encoding, "accept-encoding")               \
  X(accept_language, "accept-language")               \
  X(age, "age")                                       \
  X(allow, "allow")                                   \
  X(authorization, "authorization")                   \
  X(cache_control, "cache-control")                   \
  X(connection, "connection")                         \
  X(content_encoding, "content-encoding")             \
  X(content_length, "content-length")                 \
  X(content_type, "content-type")                     \
  X(cookie, "cookie")                                 \
  X(date, "date")                                     \
  X(etag, "etag")                                     \
  X(expect, "expect")                                 \
  X(expires, "expires")                               \
  X(forwarded, "forwarded")                           \
  X(gateway_state, "gateway-state")                   \
  X(host, "host")                                     \
  X(if_match, "if-match")                             \
  X(if_modified_since, "if-modified-since")           \
  X(if_none_match, "if-none-match")                   \
  X(if_range, "if-range")                             \
  X(if_unmodified_since, "if-unmodified-since")       \
  X(keep_alive, "keep-alive")                         \
  X(last_modified, "last-modified")                   \
  X(location, "location")                             \
  X(origin, "origin")                                 \
  X(proxy_authenticate, "proxy-authenticate")         \
  X(proxy_authorization, "proxy-authorization")       \
  X(proxy_connection, "proxy-connection")             \
  X(range, "range")                                   \
  X(referer, "referer")                               \
  X(retry_after, "retry-after")                       \
  X(sec_websocket_accept, "sec-websocket-accept")     \
  X(sec_websocket_key, "sec-websocket-key")           \
  X(sec_websocket_protocol, "sec-websocket-protocol") \
  X(sec_websocket_version, "sec-websocket-version")   \
  X(server, "server")                                 \
  X(set_cookie, "set-cookie")                         \
  X(te, "te")                                         \
  X(traceparent, "traceparent")                       \
  X(tracestate, "tracestate")                         \
  X(trailer, "trailer")                               \
  X(transfer_encoding, "transfer-encoding")           \
  X(upgrade, "upgrade")                               \
  X(user_agent, "user-agent")                         \
  X(vary, "vary")                                     \
  X(via, "via")                                       \
  X(www_authenticate, "www-authenticate")             \
  X(x_client_cert, "x-client-cert")                   \
  X(x_forwarded_for, "x-forwarded-for")               \
  X(x_forwarded_host, "x-forwarded-host")             \
  X(x_forwarded_port, "x-forwarded-port")             \
  X(x_forwarded_prefix, "x-forwarded-prefix")         \
  X(x_forwarded_proto, "x-forwarded-proto")           \
  X(x_real_ip, "x-real-ip")                           \
  X(x_request_id, "x-request-id")

enum class FieldId : std::uint8_t {
  other,  // a name that nothing here acts on
#define X(name, text) name,
  TANDEM_HTTP_FIELDS(X)
#undef X
};

// Without regard to case; `other` for every name that is not in the list.
FieldId field_id(std::string_view name) noexcept;

// The name in lower case; empty for `other`.
std::string_view field_name(FieldId id) noexcept;

// A set of field ids.
class FieldSet {
 public:
  constexpr FieldSet() = default;
  template <class... Ids>
  explicit constexpr FieldSet(FieldId first, Ids... rest) : bits_(bit(first) | (0 | ... | bit(rest))) {}

  constexpr bool has(FieldId id) const { return (bits_ & bit(id)) != 0; }
  constexpr void add(FieldId id) { bits_ |= bit(id); }
  constexpr void remove(FieldId id) { bits_ &= ~bit(id); }
  constexpr FieldSet operator|(FieldSet other) const { return FieldSet(bits_ | other.bits_, 0); }
  constexpr bool intersects(FieldSet other) const { return (bits_ & other.bits_) != 0; }

 private:
  constexpr FieldSet(std::uint64_t bits, int) : bits_(bits) {}
  static constexpr std::uint64_t bit(FieldId id) { return std::uint64_t{1} << static_cast<unsigned>(id); }
  std::uint64_t bits_ = 0;
};

}  // namespace tandem::http
