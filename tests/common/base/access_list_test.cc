#include "common/base/access_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>

using namespace tandem;

namespace {

std::vector<IpPrefix> prefixes(const std::vector<const char*>& texts) {
  std::vector<IpPrefix> all;
  for (const char* text : texts) all.push_back(*IpPrefix::parse(text));
  return all;
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

// The contract, read out: the longest prefix of both lists, deny on a tie, no match is a refusal.
bool by_scan(const std::vector<IpPrefix>& allow, const std::vector<IpPrefix>& deny, const IpAddress& address) {
  const auto longest = [&address](const std::vector<IpPrefix>& list) {
    int bits = -1;
    for (const IpPrefix& prefix : list) {
      const bool of_its_family = !address.is_v4() || prefix.bits >= 96;
      if (of_its_family && prefix.contains(address)) bits = std::max(bits, int{prefix.bits});
    }
    return bits;
  };
  return longest(allow) > longest(deny);
}

}  // namespace

TEST_CASE("access list: the longest prefix of both lists decides") {
  const AccessList list(prefixes({"10.0.0.0/8", "10.1.2.0/24", "192.0.2.7"}), prefixes({"10.1.0.0/16", "10.1.2.3"}));
  CHECK(list.allows(ip("10.0.0.1")));
  CHECK(list.allows(ip("10.255.255.255")));
  CHECK_FALSE(list.allows(ip("10.1.0.1")));
  CHECK(list.allows(ip("10.1.2.2")));
  CHECK_FALSE(list.allows(ip("10.1.2.3")));
  CHECK(list.allows(ip("10.1.2.4")));
  CHECK_FALSE(list.allows(ip("10.1.3.0")));
  CHECK(list.allows(ip("192.0.2.7")));
  CHECK(list.allows(ip("::ffff:192.0.2.7")));
}

TEST_CASE("access list: what neither list names is refused") {
  const AccessList list(prefixes({"10.0.0.0/8"}), {});
  CHECK_FALSE(list.allows(ip("9.255.255.255")));
  CHECK_FALSE(list.allows(ip("11.0.0.0")));
  CHECK_FALSE(list.allows(ip("::1")));
  CHECK_FALSE(AccessList({}, {}).allows(ip("10.0.0.1")));
}

TEST_CASE("access list: a prefix in both lists denies, and everybody may come by default") {
  const auto all = prefixes({"0.0.0.0/0", "::/0"});
  CHECK(AccessList(all, {}).allows(ip("255.255.255.255")));
  CHECK(AccessList(all, {}).allows(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  CHECK(AccessList(all, {}).allows(ip("::")));
  CHECK_FALSE(AccessList(all, prefixes({"0.0.0.0/0"})).allows(ip("10.0.0.1")));
  CHECK(AccessList(all, prefixes({"0.0.0.0/0"})).allows(ip("2001:db8::1")));
}

TEST_CASE("access list: a prefix of IPv6 decides nothing for IPv4") {
  CHECK_FALSE(AccessList(prefixes({"::/0"}), {}).allows(ip("10.0.0.1")));
  CHECK(AccessList(prefixes({"0.0.0.0/0"}), prefixes({"::/0", "::/64"})).allows(ip("10.0.0.1")));
  CHECK(AccessList(prefixes({"::/0"}), {}).allows(ip("::1")));
}

TEST_CASE("access list: agrees with a scan of both lists on thousands of nested prefixes") {
  std::mt19937 random(7);
  const auto pick = [&random](unsigned below) { return static_cast<std::uint8_t>(random() % below); };
  for (int round = 0; round < 20; ++round) {
    std::vector<IpPrefix> lists[2];
    for (int i = 0; i < 2000; ++i) {
      IpPrefix prefix;
      if (i % 2 == 0) std::ranges::copy(ip("0.0.0.0").bytes, prefix.ip.bytes.begin());
      for (std::size_t at = i % 2 == 0 ? 12 : 0; at < 16; ++at) prefix.ip.bytes[at] = pick(3) == 0 ? 255 : pick(2);
      prefix.bits = static_cast<std::uint8_t>((i % 2 == 0 ? 96 : 0) + pick(i % 2 == 0 ? 33 : 129));
      for (unsigned bit = prefix.bits; bit < 128; ++bit) {
        prefix.ip.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
      }
      auto& list = lists[pick(2)];
      if (std::ranges::find(list, prefix) == list.end()) list.push_back(prefix);
    }
    const AccessList list(lists[0], lists[1]);
    for (int i = 0; i < 300; ++i) {
      IpAddress address = lists[i % 2][random() % lists[i % 2].size()].ip;  // at the edges, where mistakes are
      if (pick(3) == 0) address.bytes[15] ^= 1;
      if (pick(3) == 0) address.bytes[13] -= 1;
      CHECK_MESSAGE(list.allows(address) == by_scan(lists[0], lists[1], address), address.to_string());
    }
  }
}
