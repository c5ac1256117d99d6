#include "common/net/proxy_protocol.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

// Version 1:  PROXY SP (TCP4|TCP6) SP source SP destination SP source-port SP destination-port CRLF
//             PROXY SP UNKNOWN anything CRLF
// Version 2:  12 bytes signature | version 4 bits, command 4 bits | family 4 bits, transport 4 bits | length, 2 bytes |
//             addresses | TLVs: type 1 byte, length 2 bytes, value            (numbers in network order)

namespace tandem::net {
namespace {

constexpr std::string_view kV1Signature = "PROXY ";
constexpr std::string_view kV2Signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kV2Fixed = 16;
constexpr std::size_t kUnixPath = 108;
constexpr std::uint8_t kVersion2Local = 0x20;
constexpr std::uint8_t kVersion2Proxy = 0x21;

enum Family : std::uint8_t { kUnspec = 0x0, kInet = 0x1, kInet6 = 0x2, kUnix = 0x3 };
enum Transport : std::uint8_t { kAnyTransport = 0x0, kStream = 0x1, kDatagram = 0x2 };

// Inside PP2_TYPE_SSL: the bits of its first byte, and the types of its TLVs.
enum TlsClient : std::uint8_t { kClientTls = 0x01, kCertificateNow = 0x02, kCertificateInSession = 0x04 };
enum TlsSubtype : std::uint8_t { kTlsVersion = 0x21, kTlsCommonName = 0x22, kTlsCipher = 0x23 };

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

using Read = Result<std::optional<ProxyHeader>>;

std::unexpected<Error> invalid(std::string detail) {
  return fail(Origin::client, "proxy_header_invalid", std::move(detail));
}

std::unexpected<Error> missing() {
  return fail(Origin::client, "proxy_header_missing", "the first bytes are no PROXY header");
}

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

std::uint16_t number_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint16_t>(byte_at(bytes, i) << 8 | byte_at(bytes, i + 1));
}

// One of the two is the beginning of the other: more bytes may still make them agree.
bool may_match(std::string_view bytes, std::string_view wanted) {
  const std::size_t n = std::min(bytes.size(), wanted.size());
  return bytes.substr(0, n) == wanted.substr(0, n);
}

// ---- version 1

std::optional<IpAddress> v1_address(std::string_view text, bool v6) {
  if ((text.find(':') != text.npos) != v6) return std::nullopt;
  return IpAddress::parse(text);
}

std::optional<std::uint16_t> v1_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 65535) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

Read read_v1_line(std::string_view line) {
  ProxyHeader header;
  header.version = 1;
  header.size = line.size() + 2;
  std::string_view rest = line.substr(kV1Signature.size());
  if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return header;
  const bool v6 = rest.starts_with("TCP6 ");
  if (!v6 && !rest.starts_with("TCP4 ")) return invalid("v1: the protocol is none of TCP4, TCP6, UNKNOWN");
  rest.remove_prefix(5);
  std::array<std::string_view, 4> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t space = rest.find(' ');
    if ((space == rest.npos) != (i == 3)) return invalid("v1: not exactly two addresses and two ports");
    words[i] = rest.substr(0, space);
    rest.remove_prefix(i == 3 ? 0 : space + 1);
  }
  const auto source = v1_address(words[0], v6), destination = v1_address(words[1], v6);
  if (!source || !destination) return invalid("v1: an address is not of the family announced");
  const auto source_port = v1_port(words[2]), destination_port = v1_port(words[3]);
  if (!source_port || !destination_port) return invalid("v1: a port is not a plain number from 0 to 65535");
  header.kind = ProxyHeader::Kind::proxied;
  header.source = Address(IpEndpoint{*source, *source_port});
  header.destination = Address(IpEndpoint{*destination, *destination_port});
  return header;
}

Read read_v1(std::string_view bytes) {
  const std::string_view window = bytes.substr(0, kMaxProxyV1);
  const auto special = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto stop = std::find_if(window.begin(), window.end(), special);
  const auto length = static_cast<std::size_t>(stop - window.begin());
  const std::string_view protocol = window.substr(0, length).substr(std::min(length, kV1Signature.size()));
  if (!may_match(protocol, "TCP4 ") && !may_match(protocol, "TCP6 ") && !may_match(protocol, "UNKNOWN"))
    return invalid("v1: the protocol is none of TCP4, TCP6, UNKNOWN");
  if (stop != window.end() && *stop != '\r') return invalid("v1: a control character in the line");
  if (length + 1 >= window.size()) {
    if (window.size() == kMaxProxyV1) return invalid("v1: no end of line within 107 bytes");
    return std::nullopt;
  }
  if (window[length + 1] != '\n') return invalid("v1: a carriage return without a line feed");
  return read_v1_line(window.substr(0, length));
}

// ---- version 2

constexpr auto kCrc32cTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}();

// CRC32c of the header with the four bytes of its own checksum at `hole` taken as zero.
std::uint32_t crc32c(std::string_view header, std::size_t hole) {
  std::uint32_t crc = 0xffffffffU;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::uint8_t byte = i >= hole && i < hole + 4 ? 0 : byte_at(header, i);
    crc = crc >> 8 ^ kCrc32cTable[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

std::size_t address_size(std::uint8_t family) {
  switch (family) {
    case kInet: return 12;
    case kInet6: return 36;
    case kUnix: return 2 * kUnixPath;
    default: return 0;
  }
}

Address ip_at(std::string_view block, std::size_t at, std::size_t width, std::size_t port_at) {
  IpEndpoint endpoint;
  if (width == 4) std::copy(kV4Mapped.begin(), kV4Mapped.end(), endpoint.ip.bytes.begin());
  std::memcpy(endpoint.ip.bytes.data() + 16 - width, block.data() + at, width);
  endpoint.port = number_at(block, port_at);
  return Address(endpoint);
}

Address unix_at(std::string_view block, std::size_t at) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  static_assert(sizeof raw.sun_path == kUnixPath);
  std::memcpy(raw.sun_path, block.data() + at, kUnixPath);
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

void read_addresses(ProxyHeader& header, std::uint8_t family, std::string_view block) {
  if (family == kUnix) {
    header.source = unix_at(block, 0);
    header.destination = unix_at(block, kUnixPath);
    return;
  }
  const std::size_t width = family == kInet ? 4 : 16;
  header.source = ip_at(block, 0, width, 2 * width);
  header.destination = ip_at(block, width, width, 2 * width + 2);
}

// Calls `take(type, value)` for each TLV; false if one does not fit or is not taken.
template <class Take>
bool each_tlv(std::string_view tlvs, Take take) {
  while (!tlvs.empty()) {
    if (tlvs.size() < 3) return false;
    const std::size_t length = number_at(tlvs, 1);
    if (tlvs.size() - 3 < length) return false;
    if (!take(byte_at(tlvs, 0), tlvs.substr(3, length))) return false;
    tlvs.remove_prefix(3 + length);
  }
  return true;
}

bool read_tls(ProxyHeader& header, std::string_view value) {
  if (value.size() < 5 || header.tls) return false;
  const std::uint8_t client = byte_at(value, 0);
  const bool certificate = (client & (kCertificateNow | kCertificateInSession)) != 0;
  const bool verify_passed = value.substr(1, 4) == std::string_view("\0\0\0\0", 4);
  ProxyTls tls{(client & kClientTls) != 0, certificate, certificate && verify_passed, {}, {}, {}};
  const bool whole = each_tlv(value.substr(5), [&tls](std::uint8_t type, std::string_view sub) {
    if (type == kTlsVersion) tls.version = sub;
    if (type == kTlsCipher) tls.cipher = sub;
    if (type == kTlsCommonName) tls.common_name = sub;
    return true;
  });
  header.tls = std::move(tls);
  return whole;
}

// A TLV that we use may come once: with two of them, sender and receiver could mean different ones.
bool set_once(std::string& field, std::string_view value) {
  if (!field.empty()) return false;
  field = value;
  return true;
}

bool read_tlvs(ProxyHeader& header, std::string_view whole, std::size_t begin) {
  return each_tlv(whole.substr(begin), [&](std::uint8_t type, std::string_view value) {
    switch (static_cast<ProxyTlvType>(type)) {
      case ProxyTlvType::alpn: return set_once(header.alpn, value);
      case ProxyTlvType::authority: return set_once(header.authority, value);
      case ProxyTlvType::unique_id: return value.size() <= kMaxProxyUniqueId && set_once(header.unique_id, value);
      case ProxyTlvType::ssl: return read_tls(header, value);
      case ProxyTlvType::crc32c: {
        if (value.size() != 4 || header.checksummed) return false;
        header.checksummed = true;
        const auto hole = static_cast<std::size_t>(value.data() - whole.data());
        const auto sent = static_cast<std::uint32_t>(number_at(value, 0)) << 16 | number_at(value, 2);
        return crc32c(whole, hole) == sent;
      }
    }
    return true;  // others are skipped (§2.2)
  });
}

Read read_v2(std::string_view bytes) {
  if (bytes.size() <= 12) return std::nullopt;
  const std::uint8_t version_command = byte_at(bytes, 12);
  if (version_command >> 4 != 2) return invalid("v2: the version is not 2");
  if (version_command > kVersion2Proxy) return invalid("v2: the command is neither LOCAL nor PROXY");
  const bool local = version_command == kVersion2Local;
  if (bytes.size() <= 13) return std::nullopt;
  const std::uint8_t family = byte_at(bytes, 13) >> 4, transport = byte_at(bytes, 13) & 0x0f;
  if (!local && (family > kUnix || transport > kDatagram)) return invalid("v2: an unknown family or transport");
  if (!local && transport == kDatagram) return invalid("v2: a datagram client on a stream");
  if (bytes.size() < kV2Fixed) return std::nullopt;
  const std::size_t size = kV2Fixed + number_at(bytes, 14);
  const bool proxied = !local && family != kUnspec && transport != kAnyTransport;
  if (size > kMaxProxyV2) return invalid(fmt::format("v2: {} bytes long; at most {} are taken", size, kMaxProxyV2));
  if (proxied && size - kV2Fixed < address_size(family)) return invalid("v2: shorter than its addresses");
  if (bytes.size() < size) return std::nullopt;

  ProxyHeader header;
  header.version = 2;
  header.size = size;
  if (local) header.kind = ProxyHeader::Kind::local;
  if (!proxied) return header;  // the receiver discards the whole block, its family included (§2.2)
  header.kind = ProxyHeader::Kind::proxied;
  read_addresses(header, family, bytes.substr(kV2Fixed, address_size(family)));
  if (!read_tlvs(header, bytes.substr(0, size), kV2Fixed + address_size(family)))
    return invalid("v2: a TLV is cut short, doubled or wrong");
  return header;
}

// ---- writing

void append_number(std::string& out, std::size_t number) {
  out.push_back(static_cast<char>(number >> 8 & 0xff));
  out.push_back(static_cast<char>(number & 0xff));
}

void append_ip(std::string& out, const Address& address, bool v4) {
  const auto& bytes = address.endpoint().ip.bytes;
  out.append(reinterpret_cast<const char*>(bytes.data()) + (v4 ? 12 : 0), v4 ? 4 : 16);
}

void append_path(std::string& out, const Address& address) {
  const std::string_view path = std::string_view(address.path()).substr(0, kUnixPath);
  const bool named = path.starts_with('/');  // the end of a client has no path, only a word for people
  out.append(named ? path : std::string_view());
  out.append(kUnixPath - (named ? path.size() : 0), '\0');
}

// An address as v1 writes it; a v4 address beside a v6 one in its mapped form.
std::string v1_text(const Address& address, bool v4) {
  const std::string text = address.endpoint().ip.to_string();
  return !v4 && address.endpoint().ip.is_v4() ? "::ffff:" + text : text;
}

}  // namespace

Result<std::optional<ProxyHeader>> read_proxy_header(std::string_view all_so_far) {
  if (all_so_far.empty()) return std::nullopt;
  if (may_match(all_so_far, kV1Signature)) return read_v1(all_so_far);
  if (may_match(all_so_far, kV2Signature)) return read_v2(all_so_far);
  return missing();
}

bool looks_like_proxy_header(std::string_view first_bytes) {
  return first_bytes.starts_with(kV1Signature) || first_bytes.starts_with(kV2Signature);
}

void append_proxy_v1(std::string& out, const Address& source, const Address& destination) {
  if (source.is_unix() || destination.is_unix()) return append_proxy_v1_unknown(out);
  const bool v4 = source.endpoint().ip.is_v4() && destination.endpoint().ip.is_v4();
  out += fmt::format("PROXY {} {} {} {} {}\r\n", v4 ? "TCP4" : "TCP6", v1_text(source, v4), v1_text(destination, v4),
                     source.endpoint().port, destination.endpoint().port);
}

void append_proxy_v2(std::string& out, const Address& source, const Address& destination,
                     std::span<const ProxyTlv> tlvs) {
  const std::size_t begin = out.size();
  const bool unix_both = source.is_unix() && destination.is_unix();
  const bool ip_both = !source.is_unix() && !destination.is_unix();
  const bool v4 = ip_both && source.endpoint().ip.is_v4() && destination.endpoint().ip.is_v4();
  const std::uint8_t family = unix_both ? kUnix : !ip_both ? kUnspec : v4 ? kInet : kInet6;
  out += kV2Signature;
  out.push_back(static_cast<char>(kVersion2Proxy));
  out.push_back(static_cast<char>(family == kUnspec ? 0 : family << 4 | kStream));
  append_number(out, 0);  // the length, once it is known
  if (unix_both) {
    append_path(out, source);
    append_path(out, destination);
  } else if (ip_both) {
    append_ip(out, source, v4);
    append_ip(out, destination, v4);
    append_number(out, source.endpoint().port);
    append_number(out, destination.endpoint().port);
  }
  for (const ProxyTlv& tlv : tlvs) {
    if (tlv.value.size() > kMaxProxyV2 || out.size() - begin + 3 + tlv.value.size() > kMaxProxyV2) continue;
    out.push_back(static_cast<char>(tlv.type));
    append_number(out, tlv.value.size());
    out += tlv.value;
  }
  const std::size_t length = out.size() - begin - kV2Fixed;
  out[begin + 14] = static_cast<char>(length >> 8);
  out[begin + 15] = static_cast<char>(length & 0xff);
}

ProxyTls proxy_tls(const TlsFacts& facts) {
  return {.used = true,
          .certificate = facts.has_peer_certificate,
          .verified = facts.has_peer_certificate,
          .version = std::string(facts.version),
          .cipher = std::string(facts.cipher),
          .common_name = facts.peer.common_name};
}

std::string proxy_tls_value(const ProxyTls& tls) {
  std::uint8_t client = tls.used ? kClientTls : 0;
  if (tls.certificate) client |= kCertificateNow | kCertificateInSession;
  std::string value(1, static_cast<char>(client));
  value.append(3, '\0');
  value.push_back(tls.verified ? '\0' : '\1');  // zero only where a certificate was presented and was good
  const auto add = [&value](TlsSubtype type, std::string_view text) {
    if (text.empty() || text.size() > kMaxProxyV2) return;
    value.push_back(static_cast<char>(type));
    append_number(value, text.size());
    value += text;
  };
  add(kTlsVersion, tls.version);
  add(kTlsCipher, tls.cipher);
  add(kTlsCommonName, tls.common_name);
  return value;
}

void append_proxy_v1_unknown(std::string& out) { out += "PROXY UNKNOWN\r\n"; }

void append_proxy_v2_local(std::string& out) {
  out += kV2Signature;
  out.push_back(static_cast<char>(kVersion2Local));
  out.append(3, '\0');  // unspecified family, nothing follows
}

}  // namespace tandem::net
