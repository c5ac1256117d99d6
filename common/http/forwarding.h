// What a service is told of the client, and whom to believe about it: X-Forwarded-*, Via, request ids. Pure functions
// of a request's fields and of the peer's address; the peer decides what a field is worth, never the field.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/http/message.h"

namespace tandem::http {

// True for the peers whose X-Forwarded-* and X-Request-Id count (a listener's trusted_proxies).
bool is_trusted(const IpAddress& peer, std::span<const IpPrefix> trusted);

// The client behind trusted proxies: the first address of X-Forwarded-For, from right to left, that is not trusted
// itself. Junk ends the walk at the last address that was readable. An untrusted peer is the client, whatever it says.
IpAddress client_address(const IpAddress& peer, const Fields& fields, std::span<const IpPrefix> trusted);

// What the service is told, as values for fields of ours. They are computed from the fields as they came, before
// remove_forwarding_fields().
struct Forwarding {
  std::string forwarded_for;    // the trusted peer's list and the peer, or the peer alone
  std::string forwarded_proto;  // "http" or "https"
  std::string forwarded_host;   // Host as the client wrote it
  std::string via;              // what came, and "1.1 name"
};
Forwarding forwarding_of(const RequestHead& head, const IpAddress& peer, std::span<const IpPrefix> trusted, bool secure,
                         std::string_view via_name);

// Removes what a client could forge about its identity: X-Forwarded-* of any kind, Forwarded, X-Real-IP, X-Client-Cert,
// X-Request-Id, Via (ours continues it), and every name with '_', which many services read as '-'.
void remove_forwarding_fields(Fields& fields);

// Whether `name` stands in Via: the request has been here before (508).
bool has_passed(const Fields& fields, std::string_view name);

// "<connection>-<n>".
std::string request_id(std::string_view connection, std::uint64_t number);

}  // namespace tandem::http
