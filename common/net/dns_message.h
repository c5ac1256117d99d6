// Reads the answers of the domain name system that discovery needs: addresses (A, AAAA) and services (SRV). The bytes
// come from a network: every length is checked, a name's pointers only go backwards, and what is unknown is passed by.
// Pure functions, any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/address.h"

namespace tandem::net {

enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33 };  // RFC 1035 §3.2.2, RFC 3596, RFC 2782

struct DnsService {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // a host name in normal form
  auto operator<=>(const DnsService&) const = default;
};

struct DnsReply {
  std::vector<IpAddress> addresses;
  std::vector<DnsService> services;
  std::chrono::seconds ttl{0};  // the least of all records that led here; 0 when there is none
};

// What a whole message says to its own question, through aliases (CNAME) if there are any; records of other names are
// no answer. An SRV record whose target is "." or no host name, or whose port is 0, offers nothing. Nothing where
// `message` is not a well-formed response to one question of type `type`.
std::optional<DnsReply> parse_dns_reply(std::span<const unsigned char> message, DnsType type);

}  // namespace tandem::net
