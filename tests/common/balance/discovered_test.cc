#include "common/balance/discovered.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tandem;
using namespace tandem::balance;
using namespace std::chrono_literals;
using Kind = Finding::Kind;

namespace {

std::vector<ServerOptions> servers(std::initializer_list<int> numbers) {
  std::vector<IpAddress> addresses;
  for (const int n : numbers) addresses.push_back(*IpAddress::parse("10.0.0." + std::to_string(n)));
  return servers_at(addresses, 80);
}

Finding whole(std::initializer_list<int> numbers, Duration ttl = 60s) {
  return {.kind = Kind::whole, .servers = servers(numbers), .ttl = ttl, .why = {}};
}
Finding partial(std::initializer_list<int> numbers) {
  return {.kind = Kind::partial, .servers = servers(numbers), .ttl = 60s, .why = "half of it"};
}
Finding without(Kind kind) { return {.kind = kind, .servers = {}, .ttl = {}, .why = "no"}; }

bool has(const Discovered& known, std::initializer_list<int> numbers) {
  return std::ranges::equal(known.servers(), servers(numbers), same_server);
}

net::DnsService service(std::uint16_t priority, std::uint16_t weight, std::uint16_t port) {
  return {.priority = priority, .weight = weight, .port = port, .target = "x.test"};
}

}  // namespace

TEST_CASE("discovery: the order of an answer changes nothing, a new server counts at once") {
  Discovered known;
  CHECK(known.take(whole({1, 2})));
  CHECK_FALSE(known.take(whole({2, 1})));
  CHECK(known.take(whole({3, 2, 1})));
  CHECK(has(known, {1, 2, 3}));
}

TEST_CASE("discovery: a server goes when two answers in a row do without it, and they come soon") {
  Discovered known;
  known.take(whole({1, 2}));
  CHECK(known.next_in() == 60s);
  CHECK_FALSE(known.take(whole({1})));
  CHECK(known.next_in() == 1s);
  CHECK_FALSE(known.take(whole({1, 2})));
  CHECK_FALSE(known.take(whole({1})));
  CHECK(known.take(whole({1})));
  CHECK(has(known, {1}));
  CHECK(known.next_in() == 60s);
}

TEST_CASE("discovery: the time to live is obeyed from one second to one hour") {
  Discovered known;
  known.take(whole({1}, 0s));
  CHECK(known.next_in() == 1s);
  known.take(whole({1}, 48h));
  CHECK(known.next_in() == 1h);
}

TEST_CASE("discovery: failures change nothing, however many, and are asked about less and less often") {
  Discovered known;
  known.take(whole({1, 2}));
  std::vector<Duration> pauses;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(known.take(without(Kind::failed)));
    pauses.push_back(known.next_in());
  }
  CHECK(has(known, {1, 2}));
  CHECK(known.why() == "no");
  CHECK(pauses.front() == 1s);
  CHECK(pauses.back() == 30s);
  CHECK(std::ranges::is_sorted(pauses));
  CHECK_FALSE(known.take(whole({1, 2})));
  CHECK(known.why().empty());
}

TEST_CASE("discovery: that there is none is believed when it was said five times in a row") {
  Discovered known;
  known.take(whole({1}));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(known.take(without(Kind::none)));
  CHECK_FALSE(known.take(without(Kind::failed)));  // begins again
  for (int i = 0; i < 4; ++i) CHECK_FALSE(known.take(without(Kind::none)));
  CHECK(has(known, {1}));
  CHECK(known.take(without(Kind::none)));
  CHECK(has(known, {}));
  CHECK_FALSE(known.take(without(Kind::none)));
  CHECK(known.take(whole({2})));
}

TEST_CASE("discovery: half an answer adds, and takes away only when it stays half") {
  Discovered known;
  known.take(whole({1, 2}));
  for (int i = 0; i < 4; ++i) known.take(partial({2, 3}));
  CHECK(has(known, {1, 2, 3}));
  for (int i = 0; i < 2; ++i) known.take(partial({2, 3}));
  CHECK(has(known, {2, 3}));
}

TEST_CASE("discovery: the first whole answer takes the place of what was before it") {
  Discovered known(servers({9}));
  CHECK_FALSE(known.take(without(Kind::failed)));
  CHECK(has(known, {9}));
  CHECK(known.take(whole({1})));
  CHECK(has(known, {1}));
}

TEST_CASE("discovery: answers that are others every time do not make the list grow without end") {
  Discovered known;
  for (int round = 0; round < 40; ++round) {
    Finding finding{.kind = Kind::partial, .servers = {}, .ttl = 1s, .why = "half"};
    std::vector<IpAddress> addresses;
    for (int n = 0; n < 100; ++n) {
      addresses.push_back(*IpAddress::parse("10.1." + std::to_string(round) + "." + std::to_string(n)));
    }
    finding.servers = servers_at(addresses, 80);
    known.take(std::move(finding));
  }
  CHECK(known.servers().size() <= kMostDiscovered);
}

TEST_CASE("discovery: addresses that nobody can have are no servers, others are servers once") {
  std::vector<IpAddress> addresses;
  for (const char* text : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "10.0.0.1", "10.0.0.1", "::1"}) {
    addresses.push_back(*IpAddress::parse(text));
  }
  const auto found = servers_at(addresses, 80);
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "[::1]:80");
  CHECK(found[1].name == "10.0.0.1:80");
}

TEST_CASE("discovery: the first priority that has an address serves, the others are backup; weights fit 1 to 256") {
  const IpAddress one = *IpAddress::parse("10.0.0.1");
  const std::vector<ServiceAddresses> services = {{service(30, 0, 5), {one}},     {service(10, 50000, 1), {one}},
                                                  {service(10, 25000, 2), {one}}, {service(10, 1, 3), {one}},
                                                  {service(20, 7, 1), {one}},     {service(20, 7, 4), {one}},
                                                  {service(1, 1, 6), {}}};
  const auto found = servers_of(services);
  REQUIRE(found.size() == 5);
  const auto is = [&](std::size_t i, std::uint32_t weight, bool backup) {
    CAPTURE(i);
    CHECK(found[i].address.endpoint().port == i + 1);
    CHECK(found[i].weight == weight);
    CHECK(found[i].backup == backup);
  };
  is(0, 256, false);
  is(1, 128, false);
  is(2, 1, false);
  is(3, 7, true);
  is(4, 1, true);
}

TEST_CASE("discovery: a source is read and shown") {
  CHECK(DnsSource::parse("dns:Gateway.internal.:8081")->to_string() == "dns:gateway.internal:8081");
  CHECK(DnsSource::parse("srv:_gateway._tcp.internal")->to_string() == "srv:_gateway._tcp.internal");
  for (const char* wrong :
       {"dns:a", "dns:a:0", "dns:a:70000", "dns::80", "srv:", "srv:a b", "dns:1.2.3.4:80", "a:80"}) {
    CAPTURE(wrong);
    CHECK_FALSE(DnsSource::parse(wrong));
  }
}
