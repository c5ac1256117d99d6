#include "common/net/proxy_protocol.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::net;

namespace {

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string v2(std::uint8_t version_command, std::uint8_t family, std::string_view block) {
  std::string out(kSignature);
  out.push_back(static_cast<char>(version_command));
  out.push_back(static_cast<char>(family));
  out.push_back(static_cast<char>(block.size() >> 8));
  out.push_back(static_cast<char>(block.size()));
  out += block;
  return out;
}

std::string inet_block() { return std::string("\xc0\x00\x02\x01\xc6\x33\x64\x07\xd4\x31\x01\xbb", 12); }

std::string tlv(std::uint8_t type, std::string_view value) {
  std::string out(1, static_cast<char>(type));
  out.push_back(static_cast<char>(value.size() >> 8));
  out.push_back(static_cast<char>(value.size()));
  return out.append(value);
}

// What one byte more at a time makes of `bytes`: the first answer that is not "more".
Result<std::optional<ProxyHeader>> dripped(std::string_view bytes) {
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const std::string exact(bytes.substr(0, n));  // a copy of its own size: the sanitizer sees a look behind it
    auto read = read_proxy_header(exact);
    if (!read || *read) return read;
  }
  return std::nullopt;
}

void refuses(std::string_view bytes, std::string_view reason = "proxy_header_invalid") {
  CAPTURE(bytes);
  const auto whole = read_proxy_header(bytes);
  REQUIRE(!whole);
  CHECK(whole.error().reason == reason);
  CHECK(whole.error().origin == Origin::client);
  const auto slow = dripped(bytes);
  REQUIRE(!slow);
  CHECK(slow.error().reason == reason);
}

ProxyHeader takes(const std::string& bytes) {
  CAPTURE(bytes);
  const auto whole = read_proxy_header(bytes + "GET / HTTP/1.1\r\n");
  REQUIRE(whole);
  REQUIRE(*whole);
  CHECK((*whole)->size == bytes.size());
  const auto slow = dripped(bytes);
  REQUIRE(slow);
  REQUIRE(*slow);
  CHECK((*slow)->size == bytes.size());
  CHECK((*slow)->source == (*whole)->source);
  return **whole;
}

Address address(std::string_view text) { return *Address::parse(text); }

// Bit by bit, as the definition has it; the code under test uses a table.
std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

}  // namespace

TEST_CASE("proxy v1: addresses of both families are taken, and what follows is left") {
  const ProxyHeader v4 = takes("PROXY TCP4 192.0.2.1 198.51.100.7 54321 443\r\n");
  CHECK(v4.kind == ProxyHeader::Kind::proxied);
  CHECK(v4.version == 1);
  CHECK(v4.source == address("192.0.2.1:54321"));
  CHECK(v4.destination == address("198.51.100.7:443"));
  const ProxyHeader v6 = takes("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
  CHECK(v6.source == address("[2001:db8::1]:1"));
  CHECK(v6.destination == address("[::1]:65535"));
  CHECK(takes("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 1\r\n").source == address("192.0.2.1:0"));
}

TEST_CASE("proxy v1: UNKNOWN is taken with whatever follows it on the line") {
  for (const char* line :
       {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"}) {
    CHECK(takes(line).kind == ProxyHeader::Kind::unknown);
  }
  takes("PROXY UNKNOWN " + std::string(kMaxProxyV1 - 16, 'x') + "\r\n");
}

TEST_CASE("proxy v1: every malformed line is refused") {
  for (const char* line : {"PROXY TCP4 192.0.2.1 198.51.100.7 00080 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 70000 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 +1 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1 443 \r\n",
                           "PROXY TCP4  192.0.2.1 198.51.100.7 1 443\r\n",
                           "PROXY  TCP4 192.0.2.1 198.51.100.7 1 443\r\n",
                           "PROXY TCP4 ::1 ::1 1 443\r\n",
                           "PROXY TCP6 192.0.2.1 198.51.100.7 1 443\r\n",
                           "PROXY TCP4 192.0.2.01 198.51.100.7 1 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100 1 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1 443 9\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\rX",
                           "PROXY TCP4\t192.0.2.1 198.51.100.7 1 443\r\n",
                           "PROXY TCP4 \r\n",
                           "PROXY \r\n",
                           "PROXY UNKNOWNX\r\n",
                           "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n",
                           "PROXY tcp4 192.0.2.1 198.51.100.7 1 443\r\n",
                           "PROXY TCP4 192.0.2.1 198.51.100.7 1 0x1\r\n"}) {
    refuses(line);
  }
  refuses("PROXY UNKNOWN " + std::string(kMaxProxyV1 - 14, 'x'));
  refuses("PROXY UNKNOWN " + std::string(kMaxProxyV1 - 15, 'x') + "\r\n");
  refuses("PROXY UNKNOWN " + std::string(200, 'x') + "\r\n");
  refuses(std::string("PROXY UNKNOWN \0\r\n", 17));
}

TEST_CASE("proxy: what cannot become a header is missing at the first wrong byte") {
  for (const char* bytes : {"GET / HTTP/1.1\r\n", "proxy TCP4 192.0.2.1 198.51.100.7 1 443\r\n", "PROXZ", "PROXY\r\n",
                            "\r\nPROXY", "\x16\x03\x01", " PROXY"}) {
    refuses(bytes, "proxy_header_missing");
  }
  refuses(std::string_view("\r\n\r\n\0\r\nQUIT\r", 12), "proxy_header_missing");
  refuses(std::string_view("\0", 1), "proxy_header_missing");
}

TEST_CASE("proxy: a part of a header asks for more") {
  for (const std::string& bytes :
       {std::string(), std::string("P"), std::string("PROXY UNKNOWN"), std::string("PROXY TCP4 1.1.1.1\r"),
        std::string("\r\n\r\n"), v2(0x21, 0x11, inet_block()).substr(0, 27)}) {
    const auto read = read_proxy_header(bytes);
    REQUIRE(read);
    CHECK(!*read);
  }
}

TEST_CASE("proxy v2: the addresses of each family are read") {
  const ProxyHeader v4 = takes(v2(0x21, 0x11, inet_block()));
  CHECK(v4.kind == ProxyHeader::Kind::proxied);
  CHECK(v4.version == 2);
  CHECK(v4.source == address("192.0.2.1:54321"));
  CHECK(v4.destination == address("198.51.100.7:443"));

  const std::string v6_block = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                               std::string(15, '\0') + "\x01" + std::string("\x00\x50\x1f\x90", 4);
  const ProxyHeader v6 = takes(v2(0x21, 0x21, v6_block));
  CHECK(v6.source == address("[2001:db8::1]:80"));
  CHECK(v6.destination == address("[::1]:8080"));

  std::string paths = "/run/a.sock";
  paths.resize(108);
  paths += "/run/b.sock";
  paths.resize(216);
  const ProxyHeader local = takes(v2(0x21, 0x31, paths));
  CHECK(local.source == address("unix:/run/a.sock"));
  CHECK(local.destination == address("unix:/run/b.sock"));
}

TEST_CASE("proxy v2: LOCAL and unspecified are taken, and the whole of their block is ignored") {
  CHECK(takes(v2(0x20, 0x00, "")).kind == ProxyHeader::Kind::local);
  CHECK(takes(v2(0x20, 0x11, inet_block())).kind == ProxyHeader::Kind::local);
  CHECK(takes(v2(0x20, 0x11, inet_block())).source == Address());
  CHECK(takes(v2(0x20, 0xff, "\x01")).kind == ProxyHeader::Kind::local);
  CHECK(takes(v2(0x21, 0x00, "anything")).kind == ProxyHeader::Kind::unknown);
}

TEST_CASE("proxy v2: malformed headers are refused") {
  refuses(v2(0x11, 0x11, inet_block()));
  refuses(v2(0x31, 0x11, inet_block()));
  refuses(v2(0x22, 0x11, inet_block()));
  refuses(v2(0x2f, 0x11, inet_block()));
  refuses(v2(0x21, 0x41, inet_block()));
  refuses(v2(0x21, 0x13, inet_block()));
  refuses(v2(0x21, 0x12, inet_block()));
  refuses(v2(0x21, 0x11, inet_block().substr(1)));
  refuses(v2(0x21, 0x21, inet_block()));
  refuses(v2(0x21, 0x31, inet_block()));
  refuses(v2(0x21, 0x11, inet_block() + "\x01"));
  refuses(v2(0x21, 0x11, inet_block() + std::string("\x01\x00", 2)));
  refuses(v2(0x21, 0x11, inet_block() + std::string("\xee\x00\x02x", 4)));
  refuses(v2(0x21, 0x11, inet_block() + tlv(0x05, std::string(129, 'i'))));
  refuses(v2(0x21, 0x11, inet_block() + tlv(0x05, "a") + tlv(0x05, "b")));
}

TEST_CASE("proxy v2: a length beyond the limit is refused as soon as it is seen") {
  refuses(v2(0x21, 0x11, inet_block()).substr(0, 14) + "\xff\xff");
  refuses(v2(0x20, 0x00, "").substr(0, 14) + "\xff\xff");
  const std::string largest = inet_block() + tlv(0xee, std::string(kMaxProxyV2 - 16 - 12 - 3, 'x'));
  takes(v2(0x21, 0x11, largest));
}

TEST_CASE("proxy v2: known TLVs are read and others are skipped") {
  const std::string tls = std::string("\x07\0\0\0\0", 5) + tlv(0x21, "TLSv1.3") + tlv(0x22, "joe") + tlv(0x23, "x");
  const ProxyHeader header =
      takes(v2(0x21, 0x11,
               inet_block() + tlv(0x04, "noop") + tlv(0x01, "h2") + tlv(0xee, "") + tlv(0x02, "a.example") +
                   tlv(0x05, "id-1") + tlv(0x20, tls) + tlv(0x30, "ns")));
  CHECK(header.alpn == "h2");
  CHECK(header.authority == "a.example");
  CHECK(header.unique_id == "id-1");
  REQUIRE(header.tls);
  CHECK(header.tls->used);
  CHECK(header.tls->verified);
  CHECK(header.tls->version == "TLSv1.3");
  CHECK(header.tls->common_name == "joe");
  CHECK(header.tls->cipher == "x");
  CHECK(proxy_tls_value(*header.tls) ==
        std::string("\x07\0\0\0\0", 5) + tlv(0x21, "TLSv1.3") + tlv(0x23, "x") + tlv(0x22, "joe"));
  CHECK(proxy_tls_value({.used = true, .version = {}, .cipher = {}, .common_name = {}}) ==
        std::string("\x01\0\0\0\1", 5));
  CHECK(!header.checksummed);
  const auto unverified = takes(v2(0x21, 0x11, inet_block() + tlv(0x20, std::string("\x07\0\0\0\1", 5)))).tls;
  REQUIRE(unverified);
  CHECK(!unverified->verified);
  refuses(v2(0x21, 0x11, inet_block() + tlv(0x20, "\x07")));
  refuses(v2(0x21, 0x11, inet_block() + tlv(0x20, std::string("\x07\0\0\0\0\x21\0\x09T", 9))));
}

TEST_CASE("proxy v2: a checksum is believed only when it is right") {
  CHECK(slow_crc32c("123456789") == 0xE3069283U);
  std::string header = v2(0x21, 0x11, inet_block() + tlv(0x03, std::string(4, '\0')) + tlv(0x05, "id"));
  const std::uint32_t crc = slow_crc32c(header);
  for (unsigned i = 0; i < 4; ++i) header[16 + 12 + 3 + i] = static_cast<char>(crc >> (24 - 8 * i));
  CHECK(takes(header).checksummed);
  for (std::size_t i = 16; i < header.size(); ++i) {
    std::string changed = header;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    CAPTURE(i);
    const auto read = read_proxy_header(changed);  // a changed length or type is wrong in another way, or skipped
    if (i < 28 || i >= 31) CHECK(!read);
  }
  refuses(v2(0x21, 0x11, inet_block() + tlv(0x03, "abc")));
}

TEST_CASE("proxy: a second header behind the first is payload") {
  const std::string one = "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\r\n";
  const auto read = read_proxy_header(one + one);
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->size == one.size());
}

TEST_CASE("proxy: a header where none is believed is recognised by its signature alone") {
  CHECK(looks_like_proxy_header("PROXY nonsense"));
  CHECK(looks_like_proxy_header(v2(0x20, 0x00, "")));
  CHECK(!looks_like_proxy_header("PROXYLESS"));
  CHECK(!looks_like_proxy_header("proxy x"));
  CHECK(!looks_like_proxy_header(""));
  CHECK(!looks_like_proxy_header("\r\n\r\n"));
}

TEST_CASE("proxy: what is written is read back the same") {
  const std::array<ProxyTlv, 3> tlvs = {ProxyTlv{ProxyTlvType::unique_id, "0a1b"},
                                        ProxyTlv{ProxyTlvType::authority, "a.example"},
                                        ProxyTlv{ProxyTlvType::alpn, "http/1.1"}};
  const std::vector<std::pair<std::string_view, std::string_view>> pairs = {{"192.0.2.1:54321", "198.51.100.7:443"},
                                                                            {"[2001:db8::1]:1", "[::1]:2"},
                                                                            {"192.0.2.1:54321", "[2001:db8::7]:443"},
                                                                            {"[2001:db8::1]:1", "198.51.100.7:443"}};
  for (const auto& [source, destination] : pairs) {
    std::string v1_bytes, v2_bytes;
    append_proxy_v1(v1_bytes, address(source), address(destination));
    append_proxy_v2(v2_bytes, address(source), address(destination), tlvs);
    for (const std::string& bytes : {v1_bytes, v2_bytes}) {
      const ProxyHeader header = takes(bytes);
      CHECK(header.kind == ProxyHeader::Kind::proxied);
      CHECK(header.source == address(source));
      CHECK(header.destination == address(destination));
    }
    const ProxyHeader header = takes(v2_bytes);
    CHECK(header.unique_id == "0a1b");
    CHECK(header.authority == "a.example");
    CHECK(header.alpn == "http/1.1");
  }
}

TEST_CASE("proxy: an IPv4 client beside an IPv6 address is written in one family") {
  std::string bytes;
  append_proxy_v1(bytes, address("192.0.2.1:5"), address("[2001:db8::7]:443"));
  CHECK(bytes == "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::7 5 443\r\n");
  bytes.clear();
  append_proxy_v2(bytes, address("192.0.2.1:5"), address("[2001:db8::7]:443"));
  CHECK(bytes[13] == 0x21);
  CHECK(bytes.size() == 16 + 36);
}

TEST_CASE("proxy: unix sockets are written as such by version 2 and as unknown by version 1") {
  std::string bytes;
  append_proxy_v2(bytes, Address::unix_path("(unnamed)"), address("unix:/run/a.sock"));
  const ProxyHeader both = takes(bytes);
  CHECK(both.source == Address::unix_path("(unnamed)"));
  CHECK(both.destination == address("unix:/run/a.sock"));
  bytes.clear();
  append_proxy_v2(bytes, address("192.0.2.1:5"), address("unix:/run/a.sock"));
  CHECK(takes(bytes).kind == ProxyHeader::Kind::unknown);
  bytes.clear();
  append_proxy_v1(bytes, address("unix:/run/b.sock"), address("unix:/run/a.sock"));
  CHECK(takes(bytes).kind == ProxyHeader::Kind::unknown);
}

TEST_CASE("proxy: a sender's own connection says so") {
  std::string bytes;
  append_proxy_v2_local(bytes);
  CHECK(takes(bytes).kind == ProxyHeader::Kind::local);
  bytes.clear();
  append_proxy_v1_unknown(bytes);
  CHECK(takes(bytes).kind == ProxyHeader::Kind::unknown);
}

TEST_CASE("proxy v2: a TLV without room is left out, and the header stays whole") {
  const std::string huge(kMaxProxyV2, 'x');
  const std::array<ProxyTlv, 2> tlvs = {ProxyTlv{ProxyTlvType::authority, huge},
                                        ProxyTlv{ProxyTlvType::unique_id, "id"}};
  std::string bytes;
  append_proxy_v2(bytes, address("192.0.2.1:5"), address("192.0.2.2:6"), tlvs);
  const ProxyHeader header = takes(bytes);
  CHECK(header.authority.empty());
  CHECK(header.unique_id == "id");
}
