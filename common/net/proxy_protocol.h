// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): what a balancer tells a server about the
// client, before the first byte of payload. Pure functions over bytes: no socket, no state, any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/address.h"
#include "common/base/error.h"
#include "common/net/tls_facts.h"

namespace tandem::net {

inline constexpr std::size_t kMaxProxyV1 = 107;   // the longest line of version 1, its CRLF included
inline constexpr std::size_t kMaxProxyV2 = 4096;  // what we take of version 2; a longer length is refused at once
inline constexpr std::size_t kMaxProxyUniqueId = 128;

// Types of the TLVs of version 2 that mean something to us (§2.2).
enum class ProxyTlvType : std::uint8_t { alpn = 0x01, authority = 0x02, crc32c = 0x03, unique_id = 0x05, ssl = 0x20 };

// The client's TLS as the sender saw it (PP2_TYPE_SSL).
struct ProxyTls {
  bool used = false;         // the client spoke TLS
  bool certificate = false;  // it presented a certificate on this connection or in this session
  bool verified = false;     // and that certificate was good
  std::string version;       // "TLSv1.3"
  std::string cipher;        // "TLS_AES_128_GCM_SHA256"
  std::string common_name;   // of the certificate
};

struct ProxyHeader {
  // proxied: source and destination are set. local: the sender speaks for itself (a health check). unknown: the sender
  // does not say. For the last two the addresses of the socket count, and nothing else of the header is kept.
  enum class Kind : std::uint8_t { proxied, local, unknown };
  Kind kind = Kind::unknown;
  int version = 0;
  std::size_t size = 0;  // bytes of the input that are the header; what follows them is payload
  Address source;
  Address destination;  // the address that the client connected to
  std::string unique_id;
  std::string authority;  // the name that the client asked for (SNI)
  std::string alpn;
  std::optional<ProxyTls> tls;
  bool checksummed = false;  // carried a CRC32c, and it was right
};

// Reads the header at the beginning of `all_so_far` (everything received since the connection began, contiguous).
// Gives nothing while more bytes are needed; fails as soon as no further byte could make it right, with the reason
// "proxy_header_missing" (this is no PROXY header at all) or "proxy_header_invalid". Looks at no byte behind the
// header.
Result<std::optional<ProxyHeader>> read_proxy_header(std::string_view all_so_far);

// True if a first chunk of payload begins with the signature of either version: someone sends a header where none is
// believed.
bool looks_like_proxy_header(std::string_view first_bytes);

// What a connection whose TLS we have ended says there. A certificate that is not good is never let in.
ProxyTls proxy_tls(const TlsFacts& facts);

// The value of a PP2_TYPE_SSL that says this (§2.2.5).
std::string proxy_tls_value(const ProxyTls& tls);

struct ProxyTlv {
  ProxyTlvType type;
  std::string_view value;
};

// Append a header for a client `source` that connected to `destination`. Both are written in one family: if one is IPv6
// the other is too, an IPv4 address as ::ffff:a.b.c.d. What cannot be said (unix sockets in version 1, an IP address
// and a unix socket together) becomes UNKNOWN or UNSPEC. A TLV that would carry the header beyond kMaxProxyV2 is left
// out.
void append_proxy_v1(std::string& out, const Address& source, const Address& destination);
void append_proxy_v2(std::string& out, const Address& source, const Address& destination,
                     std::span<const ProxyTlv> tlvs = {});

// Append the header of a connection that the sender makes for itself (health checks): "PROXY UNKNOWN" and LOCAL.
void append_proxy_v1_unknown(std::string& out);
void append_proxy_v2_local(std::string& out);

}  // namespace tandem::net
