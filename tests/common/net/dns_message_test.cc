#include "common/net/dns_message.h"

#include <string_view>

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::net;
using namespace std::literals;

namespace {

constexpr std::string_view kPointer = "\xc0\x0c"sv;  // to the question's name

std::string u16(unsigned value) {
  return {static_cast<char>(static_cast<unsigned char>(value >> 8)), static_cast<char>(value & 0xff)};
}

// A name of labels without the dots of "a.test".
std::string name(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const auto label = text.substr(0, text.find('.'));
    bytes.append(1, static_cast<char>(label.size())).append(label);
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  return bytes + '\0';
}

std::string record(std::string_view owner, unsigned type, std::string_view data, unsigned ttl = 60, unsigned cls = 1) {
  std::string bytes(owner);
  bytes += u16(type) + u16(cls) + u16(ttl >> 16) + u16(ttl & 0xffff);
  return bytes.append(u16(static_cast<unsigned>(data.size()))).append(data);
}

std::string message(DnsType type, const std::vector<std::string>& records, std::string_view asked = "a.test") {
  std::string bytes = "\x12\x34\x81\x80";
  bytes += u16(1) + u16(static_cast<unsigned>(records.size())) + u16(0) + u16(0);
  bytes += name(asked) + u16(static_cast<unsigned>(type)) + u16(1);
  for (const auto& one : records) bytes += one;
  return bytes;
}

std::optional<DnsReply> parse(std::string_view bytes, DnsType type) {
  return parse_dns_reply({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, type);
}

constexpr std::string_view kOne = "\x0a\x00\x00\x01"sv;
constexpr std::string_view kTwo = "\x0a\x00\x00\x02"sv;

}  // namespace

TEST_CASE("dns: addresses of both families come with the least time to live") {
  const auto four =
      parse(message(DnsType::a, {record(kPointer, 1, kOne, 60), record(kPointer, 1, kTwo, 5)}), DnsType::a);
  REQUIRE(four);
  CHECK(four->addresses == std::vector{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("10.0.0.2")});
  CHECK(four->ttl == 5s);
  const IpAddress address = *IpAddress::parse("2001:db8::1");
  const std::string six(address.bytes.begin(), address.bytes.end());
  const auto found = parse(message(DnsType::aaaa, {record(kPointer, 28, six)}), DnsType::aaaa);
  REQUIRE(found);
  CHECK(found->addresses == std::vector{address});
}

TEST_CASE("dns: an alias is followed, in whatever order it stands, and its time counts") {
  const auto reply =
      parse(message(DnsType::a, {record(name("B.test"), 1, kOne), record(kPointer, 5, name("b.Test"), 7)}), DnsType::a);
  REQUIRE(reply);
  CHECK(reply->addresses.size() == 1);
  CHECK(reply->ttl == 7s);
}

TEST_CASE("dns: aliases that go round end in no address") {
  const auto reply = parse(message(DnsType::a, {record(kPointer, 5, name("b.test")),
                                                record(name("b.test"), 5, kPointer), record(name("c.test"), 1, kOne)}),
                           DnsType::a);
  REQUIRE(reply);
  CHECK(reply->addresses.empty());
}

TEST_CASE("dns: records of another name, class or type are no answer") {
  const auto reply = parse(message(DnsType::a, {record(name("other.test"), 1, kOne), record(kPointer, 1, kOne, 60, 3),
                                                record(kPointer, 16, "text"), record(name("a.tes.t"), 1, kTwo)}),
                           DnsType::a);
  REQUIRE(reply);
  CHECK(reply->addresses.empty());
  // A label may hold a dot; it is no separator.
  const std::string dotted = "\x06"s + "a.test" + '\0';
  CHECK(parse(message(DnsType::a, {record(dotted, 1, kOne)}), DnsType::a)->addresses.empty());
}

TEST_CASE("dns: a service tells priority, weight, port and target; what offers nothing is left out") {
  const auto service = [](std::string_view target, unsigned port) {
    return record(kPointer, 33, u16(10) + u16(3) + u16(port) + name(target));
  };
  const auto reply = parse(message(DnsType::srv, {service("One.test", 80), service("", 80), service("two.test", 0),
                                                  service("bad name", 80)}),
                           DnsType::srv);
  REQUIRE(reply);
  REQUIRE(reply->services.size() == 1);
  CHECK(reply->services[0] == DnsService{.priority = 10, .weight = 3, .port = 80, .target = "one.test"});
}

TEST_CASE("dns: a message that is cut anywhere is refused") {
  const std::string whole = message(DnsType::srv, {record(kPointer, 33, u16(1) + u16(2) + u16(3) + name("x.test"))});
  REQUIRE(parse(whole, DnsType::srv));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse(std::string_view(whole).substr(0, size), DnsType::srv));
  }
}

TEST_CASE("dns: what is no answer to one such question is refused") {
  std::string question = message(DnsType::a, {});
  question[2] = 1;
  CHECK_FALSE(parse(question, DnsType::a));
  CHECK_FALSE(parse(message(DnsType::a, {}), DnsType::aaaa));
  CHECK_FALSE(parse(message(DnsType::a, {record(kPointer, 1, "\x0a\x00\x01"sv)}), DnsType::a));
  for (const std::string_view pointer : {"\xc0\x20"sv, "\xc0\xff"sv, "\xff\xff"sv, "\x80\x00"sv}) {
    CHECK_FALSE(parse(message(DnsType::a, {record(pointer, 1, kOne)}), DnsType::a));
  }
}

TEST_CASE("dns: a time to live with the highest bit set is none") {
  const auto reply = parse(message(DnsType::a, {record(kPointer, 1, kOne, 0x8000'0001U)}), DnsType::a);
  REQUIRE(reply);
  CHECK(reply->ttl == 0s);
}
