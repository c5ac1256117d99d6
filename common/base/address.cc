#include "common/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>

namespace tandem {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kV4Offset = 96;  // bits of a mapped IPv4 address before its own 32

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Origin::internal, "bad_address", fmt::format("\"{}\" is not an address: {}", text, why));
}

std::optional<unsigned> parse_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

}  // namespace

bool IpAddress::is_v4() const { return std::equal(kV4Mapped.begin(), kV4Mapped.end(), bytes.begin()); }

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  IpAddress address;
  if (inet_pton(AF_INET6, buffer, address.bytes.data()) == 1) return address;
  std::copy(kV4Mapped.begin(), kV4Mapped.end(), address.bytes.begin());
  if (inet_pton(AF_INET, buffer, address.bytes.data() + 12) == 1) return address;
  return std::nullopt;
}

// IPv4 by hand: every request and every log line has one, and inet_ntop goes through sprintf.
char* IpAddress::write_to(char* at) const {
  if (!is_v4()) {
    inet_ntop(AF_INET6, bytes.data(), at, kLongestText);
    return at + std::strlen(at);
  }
  for (std::size_t i = 12; i < 16; ++i) {
    if (i > 12) *at++ = '.';
    at = std::to_chars(at, at + 3, bytes[i]).ptr;
  }
  return at;
}

void IpAddress::append_to(std::string& out) const {
  char buffer[kLongestText];
  out.append(buffer, static_cast<std::size_t>(write_to(buffer) - buffer));
}

std::string IpAddress::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

std::string IpEndpoint::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port) : fmt::format("[{}]:{}", ip.to_string(), port);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  IpPrefix prefix{*ip, 128};
  if (slash != text.npos) {
    // A mapped address written in IPv6 form ("::ffff:1.2.3.0/120") counts its bits from the start of the 128.
    const bool dotted_only = ip->is_v4() && text.find(':') == text.npos;
    const auto bits = parse_number(text.substr(slash + 1), dotted_only ? 32 : 128);
    if (!bits || text.substr(slash + 1).empty()) return std::nullopt;
    prefix.bits = static_cast<std::uint8_t>(dotted_only ? *bits + kV4Offset : *bits);
  }
  for (unsigned bit = prefix.bits; bit < 128; ++bit) {
    if (prefix.ip.bytes[bit / 8] >> (7 - bit % 8) & 1) return std::nullopt;
  }
  return prefix;
}

bool IpPrefix::contains(const IpAddress& address) const {
  const unsigned whole = bits / 8;
  if (std::memcmp(ip.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (ip.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

std::string IpPrefix::to_string() const {
  const bool v4 = ip.is_v4() && bits >= kV4Offset;
  return fmt::format("{}/{}", ip.to_string(), v4 ? bits - kV4Offset : bits);
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    if (path.empty()) return bad(text, "no path after \"unix:\"");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return bad(text, "the path is longer than 107 bytes");
    return unix_path(std::string(path));
  }
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return bad(text, "no port; write \"127.0.0.1:8080\", \"[::1]:8080\" or \":8080\"");
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port || text.substr(colon + 1).empty()) return bad(text, "the port is not a number from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  Address address;
  address.endpoint_.port = static_cast<std::uint16_t>(*port);
  if (host.empty()) {
    address.any_ = true;
    return address;
  }
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  if (!brackets && host.find(':') != host.npos)
    return bad(text, "an IPv6 address needs brackets, as in \"[::1]:8080\"");
  const auto ip = IpAddress::parse(host);
  if (!ip || (brackets && host.find(':') == host.npos)) return bad(text, "the host is not an IP address");
  address.endpoint_.ip = *ip;
  return address;
}

Address Address::unix_path(std::string path) {
  Address address;
  address.path_ = std::move(path);
  return address;
}

Address Address::with_port(std::uint16_t port) const {
  Address address = *this;
  address.endpoint_.port = port;
  return address;
}

Address Address::from_sockaddr(const sockaddr* raw, unsigned length) {
  Address address;
  if (raw->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(raw);
    std::copy(kV4Mapped.begin(), kV4Mapped.end(), address.endpoint_.ip.bytes.begin());
    std::memcpy(address.endpoint_.ip.bytes.data() + 12, &v4->sin_addr, 4);
    address.endpoint_.port = ntohs(v4->sin_port);
  } else if (raw->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
    std::memcpy(address.endpoint_.ip.bytes.data(), &v6->sin6_addr, 16);
    address.endpoint_.port = ntohs(v6->sin6_port);
  } else if (raw->sa_family == AF_UNIX) {
    const auto* local = reinterpret_cast<const sockaddr_un*>(raw);
    const std::size_t room = length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
    address.path_ = std::string(local->sun_path, strnlen(local->sun_path, room));
    if (address.path_.empty()) address.path_ = "(unnamed)";  // a client's end has no path
  }
  return address;
}

unsigned Address::to_sockaddr(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  if (is_unix()) {
    auto* local = reinterpret_cast<sockaddr_un*>(&storage);
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, path_.data(), std::min(path_.size(), sizeof local->sun_path - 1));
    return sizeof(sockaddr_un);
  }
  if (family() == AF_INET) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    std::memcpy(&v4->sin_addr, endpoint_.ip.bytes.data() + 12, 4);
    v4->sin_port = htons(endpoint_.port);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  std::memcpy(&v6->sin6_addr, endpoint_.ip.bytes.data(), 16);
  v6->sin6_port = htons(endpoint_.port);
  return sizeof *v6;
}

int Address::family() const {
  if (is_unix()) return AF_UNIX;
  return endpoint_.ip.is_v4() ? AF_INET : AF_INET6;
}

std::string Address::to_string() const {
  if (is_unix()) return "unix:" + path_;
  if (any_) return fmt::format(":{}", endpoint_.port);
  return endpoint_.to_string();
}

}  // namespace tandem
