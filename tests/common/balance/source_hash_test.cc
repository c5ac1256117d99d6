#include "common/balance/source_hash.h"

#include <fmt/format.h>

#include <map>

#include "tests/common/balance/support.h"

using namespace tandem;
using namespace tandem::balance;
using namespace tandem::balance::test;

namespace {

std::uint64_t client(int i) {
  return source_key(*IpAddress::parse(fmt::format("10.{}.{}.{}", i / 65536, i / 256 % 256, i % 256)));
}
std::vector<std::string> picks(Upstream& upstream, int clients) {
  std::vector<std::string> names;
  for (int i = 0; i < clients; ++i) names.push_back(upstream.pick({.hash = client(i), .now = kStart})->name());
  return names;
}

}  // namespace

TEST_CASE("source_hash: a server that goes down moves its own keys only") {
  Upstream upstream(upstream_of(Policy::source_hash, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  all_up(upstream);
  const auto before = picks(upstream, 10000);
  upstream.servers()[3]->set_health(Health::down, kStart);
  const auto after = picks(upstream, 10000);
  int moved = 0;
  for (int i = 0; i < 10000; ++i) {
    moved += before[i] != after[i];
    if (before[i] != "d") CHECK(before[i] == after[i]);
  }
  CHECK(moved > 800);
  CHECK(moved < 1200);
}

TEST_CASE("source_hash: a server taken out of the configuration moves fewer than a fifth of the keys") {
  auto options = upstream_of(Policy::source_hash, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  Upstream ten(options);
  all_up(ten);
  options.servers.erase(options.servers.begin() + 3);
  Upstream nine(options);
  all_up(nine);
  const auto before = picks(ten, 10000);
  const auto after = picks(nine, 10000);
  int moved = 0;
  for (int i = 0; i < 10000; ++i) moved += before[i] != after[i];
  CHECK(moved < 2000);
}

TEST_CASE("source_hash: weights are respected and the order of servers does not matter") {
  const std::vector<std::string> names = {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"};
  const std::vector<double> weights = {4, 2, 1};
  std::map<std::uint16_t, std::size_t> slots;
  for (const auto index : maglev_table(names, weights)) ++slots[index];
  CHECK(static_cast<double>(slots[0]) / kMaglevSlots == doctest::Approx(4.0 / 7).epsilon(0.01));
  CHECK(static_cast<double>(slots[2]) / kMaglevSlots == doctest::Approx(1.0 / 7).epsilon(0.01));
}

TEST_CASE("source_hash: IPv6 clients of one /64 are one client") {
  CHECK(source_key(*IpAddress::parse("2001:db8::1")) == source_key(*IpAddress::parse("2001:db8::ffff:2")));
  CHECK(source_key(*IpAddress::parse("2001:db8::1")) != source_key(*IpAddress::parse("2001:db8:0:1::1")));
  CHECK(source_key(*IpAddress::parse("1.2.3.4")) != source_key(*IpAddress::parse("1.2.3.5")));
}
