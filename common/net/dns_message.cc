#include "common/net/dns_message.h"

#include <algorithm>

#include "common/base/host_name.h"

namespace tandem::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kLongestName = 255;  // RFC 1035 §2.3.4
constexpr int kMostJumps = 64;             // to a pointer of a pointer …
constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kAlias = 5;  // CNAME
constexpr int kMostAliases = 16;     // more are a loop, or a joke

// RFC 1035 §4. A reader past the end gives nothing from there on.
class Reader {
 public:
  explicit Reader(std::span<const unsigned char> message, std::size_t at = 0) : message_(message), at_(at) {}

  bool failed() const { return failed_; }
  std::size_t at() const { return at_; }
  void skip(std::size_t count) {
    if (has(count)) at_ += count;
  }
  std::uint16_t u16() {
    if (!has(2)) return 0;
    const auto value = static_cast<std::uint16_t>(message_[at_] << 8 | message_[at_ + 1]);
    at_ += 2;
    return value;
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }

  // In lower case, with a dot after each label but the last; "" is the root. A dot inside a label becomes a byte that
  // no name has, so that it cannot pass for another name.
  std::string name() {
    std::string name;
    std::size_t at = at_;
    std::size_t limit = at_;  // a pointer must lead before the name's present part: so it ends
    int jumps = 0;
    while (!failed_) {
      if (at >= message_.size()) break;
      const unsigned length = message_[at];
      if ((length & 0xc0) == 0xc0) {
        if (at + 1 >= message_.size()) break;
        const std::size_t to = (length & 0x3fU) << 8 | message_[at + 1];
        if (jumps == 0) at_ = at + 2;
        if (to >= limit || ++jumps > kMostJumps) break;
        at = limit = to;
        continue;
      }
      if ((length & 0xc0) != 0 || at + 1 + length > message_.size() || name.size() + length + 1 > kLongestName) break;
      if (length == 0) {
        if (jumps == 0) at_ = at + 1;
        return name;
      }
      if (!name.empty()) name += '.';
      for (std::size_t i = 0; i < length; ++i) name += letter(message_[at + 1 + i]);
      at += 1 + length;
    }
    failed_ = true;
    return {};
  }

 private:
  static char letter(unsigned char c) {
    if (c == '.') return '\x01';
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  bool has(std::size_t count) {
    failed_ = failed_ || message_.size() - at_ < count;
    return !failed_;
  }

  std::span<const unsigned char> message_;
  std::size_t at_;
  bool failed_ = false;
};

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::chrono::seconds ttl{0};
  std::size_t data = 0;
  std::size_t size = 0;
};

std::optional<Record> read_record(Reader& reader) {
  Record record;
  record.owner = reader.name();
  record.type = reader.u16();
  const std::uint16_t of_class = reader.u16();
  const std::uint32_t ttl = reader.u32();
  record.ttl = std::chrono::seconds(ttl & 0x8000'0000U ? 0 : ttl);  // RFC 2181 §8
  record.size = reader.u16();
  record.data = reader.at();
  reader.skip(record.size);
  if (reader.failed()) return std::nullopt;
  if (of_class != kInternet) record.type = 0;
  return record;
}

using Message = std::span<const unsigned char>;

bool add_address(Message message, const Record& record, DnsReply& reply) {
  IpAddress ip;
  const bool v4 = record.type == static_cast<std::uint16_t>(DnsType::a);
  const std::size_t size = v4 ? 4 : 16;
  if (record.size != size) return false;
  if (v4) ip.bytes[10] = ip.bytes[11] = 0xff;
  std::ranges::copy(message.subspan(record.data, size), ip.bytes.end() - static_cast<std::ptrdiff_t>(size));
  reply.addresses.push_back(ip);
  return true;
}

bool add_service(Message message, const Record& record, DnsReply& reply) {
  Reader data(message, record.data);
  DnsService service;
  service.priority = data.u16();
  service.weight = data.u16();
  service.port = data.u16();
  const std::string target = data.name();
  if (data.failed() || data.at() != record.data + record.size) return false;
  const auto name = normal_host_name(target);
  if (!name || service.port == 0) return true;
  service.target = *name;
  reply.services.push_back(std::move(service));
  return true;
}

// The name that `name` is an alias of; itself when it is none. False for a message that cannot be.
bool follow_alias(Message message, const std::vector<Record>& records, std::string& name, std::chrono::seconds& ttl) {
  const auto alias =
      std::ranges::find_if(records, [&](const Record& r) { return r.type == kAlias && r.owner == name; });
  if (alias == records.end()) return false;
  Reader data(message, alias->data);
  std::string to = data.name();
  if (data.failed() || data.at() != alias->data + alias->size) return false;
  ttl = std::min(ttl, alias->ttl);
  name = std::move(to);
  return true;
}

}  // namespace

std::optional<DnsReply> parse_dns_reply(Message message, DnsType type) {
  constexpr unsigned kIsResponse = 0x80;
  if (message.size() < kHeader || !(message[2] & kIsResponse)) return std::nullopt;
  Reader reader(message, 4);
  const std::uint16_t questions = reader.u16();
  const std::uint16_t answers = reader.u16();
  reader.skip(4);
  std::string name = reader.name();
  const std::uint16_t asked = reader.u16();
  reader.skip(2);
  if (reader.failed() || questions != 1 || asked != static_cast<std::uint16_t>(type)) return std::nullopt;
  std::vector<Record> records;
  for (unsigned i = 0; i < answers; ++i) {
    auto record = read_record(reader);
    if (!record) return std::nullopt;
    if (record->type == kAlias || record->type == asked) records.push_back(*std::move(record));
  }
  DnsReply reply;
  auto ttl = std::chrono::seconds::max();
  for (int i = 0; i < kMostAliases && follow_alias(message, records, name, ttl); ++i) {
  }
  for (const Record& record : records) {
    if (record.type != asked || record.owner != name) continue;
    if (!(type == DnsType::srv ? add_service : add_address)(message, record, reply)) return std::nullopt;
    ttl = std::min(ttl, record.ttl);
  }
  reply.ttl = ttl == std::chrono::seconds::max() ? std::chrono::seconds(0) : ttl;
  return reply;
}

}  // namespace tandem::net
