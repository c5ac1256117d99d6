#include "common/net/client_hello.h"

#include <algorithm>
#include <bitset>
#include <cstdint>

#include "common/base/address.h"
#include "common/base/host_name.h"

// record:     type 22 | version 2 bytes | length 2 bytes, 1 to 2^14 | payload
// handshake:  type 1 | length 3 bytes | body, over as many records as it takes
// body:       version 2 | random 32 | session id <0..32> | cipher suites <2..> | compression methods <1..> |
//             extensions <0..>, may be absent: type 2 | data <0..>        (<> has its length in front: 1, 2, 1, 2, 2
//             bytes)

namespace tandem::net {
namespace {

constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kMajorVersion = 3;  // of SSL 3 and every TLS
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMessageHead = 4;
constexpr std::size_t kMaxRecord = 1 << 14;
constexpr std::size_t kRandom = 32;
constexpr std::size_t kMaxSessionId = 32;
constexpr std::uint16_t kServerName = 0;  // types of extensions
constexpr std::uint16_t kAlpn = 16;

std::unexpected<Error> invalid(std::string detail) {
  return fail(Origin::client, "client_hello_invalid", std::move(detail));
}

std::unexpected<Error> too_large() {
  return fail(Origin::client, "client_hello_too_large", "a ClientHello of more than 64 KiB");
}

std::size_t number(std::string_view bytes) {
  std::size_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

// Takes pieces off the front of what it was given. Once something did not fit it is broken, and gives nothing more.
class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::size_t take_number(std::size_t width) { return number(take(width)); }
  // A vector: its length in `width` bytes, then as many bytes.
  std::string_view take_vector(std::size_t width) { return take(take_number(width)); }

  bool done() const { return rest_.empty(); }
  bool broken() const { return broken_; }

 private:
  std::string_view rest_;
  bool broken_ = false;
};

// RFC 6066 §3: a list of names, of which all TLS libraries send and take exactly one.
Result<void> read_server_name(std::string_view data, std::string& to) {
  Pieces extension(data);
  Pieces list(extension.take_vector(2));
  const std::size_t kind = list.take_number(1);
  const std::string_view name = list.take_vector(2);
  if (extension.broken() || list.broken() || !extension.done()) return invalid("a server name of a wrong length");
  if (kind != 0 || !list.done()) return invalid("not exactly one server name");
  if (IpAddress::parse(name)) return {};
  auto normal = normal_host_name(name);
  if (!normal) return invalid("the server name is no host name");
  to = *std::move(normal);
  return {};
}

// RFC 7301 §3.1.
Result<void> read_protocols(std::string_view data, std::string& to) {
  Pieces extension(data);
  const std::string_view list = extension.take_vector(2);
  if (extension.broken() || !extension.done() || list.empty()) return invalid("a protocol list of a wrong length");
  Pieces protocols(list);
  while (!protocols.done()) {
    if (protocols.take_vector(1).empty()) return invalid("a protocol that is empty or cut short");
  }
  to = list;
  return {};
}

Result<void> read_extensions(std::string_view bytes, ClientHello& hello) {
  std::bitset<1 << 16> seen;
  Pieces extensions(bytes);
  while (!extensions.done()) {
    const auto type = static_cast<std::uint16_t>(extensions.take_number(2));
    const std::string_view data = extensions.take_vector(2);
    if (extensions.broken()) return invalid("an extension runs past the end");
    if (seen[type]) return invalid("an extension came twice");
    seen[type] = true;
    Result<void> read;
    if (type == kServerName) read = read_server_name(data, hello.server_name);
    if (type == kAlpn) read = read_protocols(data, hello.protocols);
    if (!read) return read;
  }
  return {};
}

Result<std::optional<ClientHello>> read_body(std::string_view bytes) {
  Pieces body(bytes);
  const std::size_t version = body.take_number(2);
  body.take(kRandom);
  const std::string_view session = body.take_vector(1);
  const std::string_view ciphers = body.take_vector(2);
  const std::string_view compressions = body.take_vector(1);
  if (body.broken()) return invalid("a field runs past the end");
  if (version >> 8 != kMajorVersion) return invalid("a version that is neither TLS nor SSL 3");
  if (session.size() > kMaxSessionId) return invalid("a session id of more than 32 bytes");
  if (ciphers.empty() || ciphers.size() % 2 != 0 || compressions.empty()) return invalid("no cipher suites");
  ClientHello hello;
  if (body.done()) return hello;
  const std::string_view extensions = body.take_vector(2);
  if (body.broken() || !body.done()) return invalid("extensions of a wrong length");
  if (auto read = read_extensions(extensions, hello); !read) return std::unexpected(std::move(read.error()));
  return hello;
}

}  // namespace

std::string_view next_protocol(std::string_view& protocols) {
  Pieces list(protocols);
  const std::string_view first = list.take_vector(1);
  protocols.remove_prefix(std::min(protocols.size(), first.size() + 1));
  return first;
}

// True once the head is whole, and right.
Result<bool> ClientHelloReader::begin_record(std::string_view bytes) {
  const bool first = at_ == 0;
  const auto wrong = [first](std::string detail) {
    return fail(Origin::client, first ? "not_tls" : "client_hello_invalid", std::move(detail));
  };
  if (!bytes.empty() && number(bytes.substr(0, 1)) != kHandshake) return wrong("no TLS handshake record");
  if (bytes.size() > 1 && number(bytes.substr(1, 1)) != kMajorVersion) return wrong("a record of no TLS version");
  if (bytes.size() < kRecordHead) return false;
  const std::size_t length = number(bytes.substr(3, 2));
  if (length == 0 || length > kMaxRecord) return invalid("a record of no possible length");
  at_ += kRecordHead;
  record_left_ = length;
  return true;
}

std::size_t ClientHelloReader::wanted() const {
  if (message_.size() < kMessageHead) return kMessageHead;
  return kMessageHead + number(std::string_view(message_).substr(1, 3));
}

Result<void> ClientHelloReader::check_head() const {
  if (static_cast<std::uint8_t>(message_[0]) != kClientHello)
    return invalid("the handshake begins with no ClientHello");
  if (wanted() > kMaxClientHello - kRecordHead) return too_large();
  return {};
}

Result<std::optional<ClientHello>> ClientHelloReader::read(std::string_view all_so_far) {
  const std::string_view window = all_so_far.substr(0, kMaxClientHello);
  while (true) {
    if (record_left_ == 0) {
      const auto begun = begin_record(window.substr(at_));
      if (!begun) return std::unexpected(begun.error());
      if (!*begun) break;
    }
    const std::size_t size = std::min({record_left_, window.size() - at_, wanted() - message_.size()});
    if (size == 0) break;
    message_.append(window, at_, size);
    at_ += size;
    record_left_ -= size;
    if (auto good = check_head(); !good) return std::unexpected(std::move(good.error()));
    if (message_.size() >= kMessageHead && message_.size() == wanted()) {
      return read_body(std::string_view(message_).substr(kMessageHead));
    }
  }
  if (window.size() == kMaxClientHello) return too_large();
  return std::nullopt;
}

}  // namespace tandem::net
