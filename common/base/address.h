// Where a socket listens or connects to, and the IP prefixes of allow lists. Values: copied freely, owned by nobody.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

struct sockaddr;
struct sockaddr_storage;

namespace tandem {

// An IPv4 or IPv6 address as 16 bytes; IPv4 is kept as ::ffff:a.b.c.d, so 1.2.3.4 and ::ffff:1.2.3.4 are the same.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const;
  // Takes "127.0.0.1" or "::1" (no brackets, no zone, no port); refuses everything else.
  static std::optional<IpAddress> parse(std::string_view text);
  std::string to_string() const;
  void append_to(std::string& out) const;          // the same, behind what is there
  char* write_to(char* at) const;                  // at most kLongestText bytes; gives their end
  static constexpr std::size_t kLongestText = 46;  // INET6_ADDRSTRLEN
  auto operator<=>(const IpAddress&) const = default;
};

// An IP address with a port: 18 bytes, so that a connection can keep its client's at little cost.
struct IpEndpoint {
  IpAddress ip;
  std::uint16_t port = 0;

  std::string to_string() const;  // "127.0.0.1:80", "[::1]:80"
  auto operator<=>(const IpEndpoint&) const = default;
};

// "10.0.0.0/8" or "::/0"; a single address is a prefix of full length. `bits` counts in the 128-bit form.
struct IpPrefix {
  IpAddress ip;
  std::uint8_t bits = 128;

  static std::optional<IpPrefix> parse(std::string_view text);  // refuses set host bits beyond the prefix
  bool contains(const IpAddress& address) const;
  std::string to_string() const;
  auto operator<=>(const IpPrefix&) const = default;
};

// The address of a socket: IP and port, or a unix socket's path.
class Address {
 public:
  Address() = default;
  explicit Address(IpEndpoint endpoint) : endpoint_(endpoint) {}

  // Takes "127.0.0.1:8080", "[::1]:8080", ":8080" (all addresses, IPv6 and IPv4), "unix:/run/x.sock". The error's
  // detail says what is wrong in words for a configuration message. Host names are refused (discovery resolves them).
  static Result<Address> parse(std::string_view text);
  static Address unix_path(std::string path);
  static Address from_sockaddr(const sockaddr* address, unsigned length);

  Address with_port(std::uint16_t port) const;  // the same address (still any, if it was) with another port

  bool is_unix() const { return !path_.empty(); }
  bool is_any() const { return any_; }  // written as ":8080": listens on IPv6 and IPv4
  const IpEndpoint& endpoint() const { return endpoint_; }
  const std::string& path() const { return path_; }

  // Fills `storage` (a sockaddr_storage) and gives the length to pass to bind() or connect().
  unsigned to_sockaddr(sockaddr_storage& storage) const;
  int family() const;  // AF_INET, AF_INET6 or AF_UNIX
  std::string to_string() const;
  auto operator<=>(const Address&) const = default;

 private:
  IpEndpoint endpoint_;
  std::string path_;
  bool any_ = false;
};

}  // namespace tandem
