#include "common/balance/look_up.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "common/async/when_all.h"
#include "common/net/resolver.h"

namespace tandem::balance {
namespace {

using namespace std::chrono_literals;
using net::DnsReply;
using net::DnsType;

constexpr Duration kLongest = 5s;
constexpr Duration kHostsFileTtl = 10s;  // it names none
constexpr std::size_t kMostTargets = 64;
constexpr std::uint32_t kMostWeight = 256;

// Addresses of one name, over both families.
struct Found {
  std::vector<IpAddress> addresses;
  Duration ttl = kNever;
  bool failed = false;  // one family, or both, gave no answer
  std::string why;
};

void note(Found& found, const Result<DnsReply>& reply) {
  if (reply) {
    found.addresses.insert(found.addresses.end(), reply->addresses.begin(), reply->addresses.end());
    found.ttl = std::min<Duration>(found.ttl, reply->ttl);
  } else if (found.why.empty() || reply.error().reason != "dns_none") {
    found.failed = found.failed || reply.error().reason != "dns_none";
    found.why = reply.error().detail;
  }
}

async::Task<Found> addresses_of(net::Resolver& resolver, std::string name, Instant deadline) {
  Found found;
  found.addresses = resolver.from_hosts_file(name);
  if (!found.addresses.empty()) {
    found.ttl = kHostsFileTtl;
    co_return found;
  }
  std::vector<async::Task<Result<DnsReply>>> questions;
  for (const DnsType type : {DnsType::a, DnsType::aaaa}) questions.push_back(resolver.ask(name, type, deadline));
  for (const auto& reply : co_await async::when_all(std::move(questions))) note(found, reply);
  if (!found.failed && !found.addresses.empty()) found.why.clear();
  co_return found;
}

Finding finding(std::vector<ServerOptions> servers, Duration ttl, bool failed, std::string why) {
  Finding made{.kind = Finding::Kind::whole, .servers = std::move(servers), .ttl = ttl, .why = std::move(why)};
  if (made.servers.empty()) {
    made.kind = failed ? Finding::Kind::failed : Finding::Kind::none;
    if (made.why.empty()) made.why = "the answer has no address that can be used";
  } else if (failed) {
    made.kind = Finding::Kind::partial;
  }
  return made;
}

async::Task<Finding> look_up_services(net::Resolver& resolver, std::string name, Instant deadline) {
  auto reply = co_await resolver.ask(std::move(name), DnsType::srv, deadline);
  if (!reply) co_return finding({}, {}, reply.error().reason != "dns_none", reply.error().detail);
  std::ranges::sort(reply->services);  // so that what is cut is always the same
  std::map<std::string, Found> targets;
  for (const auto& service : reply->services) {
    if (targets.size() < kMostTargets) targets.try_emplace(service.target);
  }
  std::vector<async::Task<Found>> questions;
  for (const auto& target : targets) questions.push_back(addresses_of(resolver, target.first, deadline));
  auto found = co_await async::when_all(std::move(questions));
  Duration ttl = reply->ttl;
  bool failed = false;
  std::string why;
  std::size_t i = 0;
  for (auto& [target, place] : targets) {
    place = std::move(found[i++]);
    ttl = std::min(ttl, place.ttl);
    failed = failed || place.failed;
    if (!place.why.empty()) why = target + ": " + place.why;
  }
  std::vector<ServiceAddresses> services;
  for (const auto& service : reply->services) {
    if (const auto known = targets.find(service.target); known != targets.end()) {
      services.push_back({service, known->second.addresses});
    }
  }
  auto servers = servers_of(services);
  if (!failed && !servers.empty()) why.clear();  // a target without an address is no server, and no trouble
  co_return finding(std::move(servers), ttl, failed, std::move(why));
}

// The unspecified address and groups are nobody's. What is left is sorted and cut.
void settle(std::vector<ServerOptions>& servers) {
  const auto cannot_serve = [](const ServerOptions& server) {
    const IpAddress& ip = server.address.endpoint().ip;
    const bool group = ip.is_v4() ? ip.bytes[12] >= 224 : ip.bytes[0] == 0xff;
    return group || ip == IpAddress{} || (ip.is_v4() && ip.bytes[12] == 0);
  };
  std::erase_if(servers, cannot_serve);
  std::ranges::sort(servers, {}, [](const ServerOptions& server) {
    return std::tuple(server.address, server.backup, kMostWeight - server.weight);
  });
  const auto twice = std::ranges::unique(servers, {}, &ServerOptions::address);
  servers.erase(twice.begin(), twice.end());
  if (servers.size() > kMostDiscovered) servers.resize(kMostDiscovered);
}

ServerOptions server_at(const IpAddress& ip, std::uint16_t port) {
  ServerOptions server;
  server.address = Address(IpEndpoint{ip, port});
  server.name = server.address.to_string();
  return server;
}

}  // namespace

std::vector<ServerOptions> servers_at(std::span<const IpAddress> addresses, std::uint16_t port) {
  std::vector<ServerOptions> servers;
  for (const IpAddress& ip : addresses) servers.push_back(server_at(ip, port));
  settle(servers);
  return servers;
}

std::vector<ServerOptions> servers_of(std::span<const ServiceAddresses> services) {
  std::vector<const ServiceAddresses*> sorted;
  for (const auto& service : services) sorted.push_back(&service);
  std::ranges::sort(sorted, {}, [](const auto* one) -> const auto& { return one->service; });
  // The first priority that has an address at all serves.
  std::erase_if(sorted, [](const auto* one) { return servers_at(one->addresses, one->service.port).empty(); });
  if (sorted.empty()) return {};
  const std::uint16_t first = sorted.front()->service.priority;
  std::uint32_t heaviest[2] = {0, 0};
  for (const auto* one : sorted) {
    auto& most = heaviest[one->service.priority != first];
    most = std::max<std::uint32_t>(most, one->service.weight);
  }
  std::vector<ServerOptions> servers;
  for (const auto* one : sorted) {
    const bool backup = one->service.priority != first;
    std::uint32_t weight = one->service.weight;
    if (heaviest[backup] > kMostWeight) weight = weight * kMostWeight / heaviest[backup];
    for (const IpAddress& ip : one->addresses) {
      ServerOptions& server = servers.emplace_back(server_at(ip, one->service.port));
      server.weight = std::max(weight, 1U);  // 0 would mean nothing new; RFC 2782 means seldom
      server.backup = backup;
    }
  }
  settle(servers);
  return servers;
}

async::Task<Finding> look_up(DnsSource source, std::vector<IpEndpoint> resolvers) {
  auto resolver = net::Resolver::make(resolvers);
  if (!resolver) co_return finding({}, {}, true, resolver.error().detail);
  const Instant deadline = now() + kLongest;
  if (source.services()) co_return co_await look_up_services(**resolver, source.name, deadline);
  Found found = co_await addresses_of(**resolver, source.name, deadline);
  co_return finding(servers_at(found.addresses, source.port), found.ttl, found.failed, std::move(found.why));
}

}  // namespace tandem::balance
