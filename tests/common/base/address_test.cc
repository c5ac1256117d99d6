#include "common/base/address.h"

#include <sys/socket.h>

#include <doctest/doctest.h>

using namespace tandem;

TEST_CASE("address: what contract §2 lists is taken and shown as it was written") {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", ":8080", "unix:/run/x.sock"}) {
    const auto address = Address::parse(text);
    REQUIRE(address);
    CHECK(address->to_string() == text);
  }
  CHECK(Address::parse(":8080")->is_any());
}

TEST_CASE("address: everything else is refused with words that help") {
  for (const char* text : {"", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80",
                           "127.0.0.1:-1", "127.0.0.1: 80", "unix:", "[::1]8080", "1.2.3:80"}) {
    const auto address = Address::parse(text);
    REQUIRE_MESSAGE(!address, text);
    CHECK(!address.error().detail.empty());
  }
}

TEST_CASE("address: survives the way through a sockaddr") {
  for (const char* text : {"127.0.0.1:8080", "[2001:db8::1]:443", "unix:/run/x.sock"}) {
    sockaddr_storage storage;
    const auto address = *Address::parse(text);
    const unsigned length = address.to_sockaddr(storage);
    CHECK(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length) == address);
  }
}

TEST_CASE("ip address: an IPv4 address and its mapped form are the same") {
  CHECK(IpAddress::parse("1.2.3.4") == IpAddress::parse("::ffff:1.2.3.4"));
  CHECK(IpAddress::parse("::ffff:1.2.3.4")->to_string() == "1.2.3.4");
}

TEST_CASE("prefix: contains what it should, and refuses set bits beyond its length") {
  const auto ten = IpPrefix::parse("10.0.0.0/8");
  REQUIRE(ten);
  CHECK(ten->contains(*IpAddress::parse("10.255.0.1")));
  CHECK(!ten->contains(*IpAddress::parse("11.0.0.1")));
  CHECK(IpPrefix::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
  CHECK(IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::1")));
  CHECK(!IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::1")));
  CHECK(IpPrefix::parse("127.0.0.1")->to_string() == "127.0.0.1/32");
  CHECK(!IpPrefix::parse("10.0.0.1/8"));
  CHECK(!IpPrefix::parse("10.0.0.0/33"));
  CHECK(!IpPrefix::parse("10.0.0.0/"));
}
