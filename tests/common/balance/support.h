// What the tests of this room share: an upstream of so many servers that are up, and a clock moved by hand.
#pragma once
#include <doctest/doctest.h>

#include "common/balance/upstream.h"

namespace tandem::balance::test {

inline const Instant kStart = Instant(std::chrono::hours(1000));

inline UpstreamOptions upstream_of(Policy policy, std::initializer_list<std::uint32_t> weights) {
  UpstreamOptions options;
  options.name = "test";
  options.balance = policy;
  std::uint16_t port = 9001;
  for (const std::uint32_t weight : weights) {
    ServerOptions server;
    server.address = Address(IpEndpoint{*IpAddress::parse("127.0.0.1"), port++});
    server.name = std::string(1, static_cast<char>('a' + options.servers.size()));
    server.weight = weight;
    options.servers.push_back(std::move(server));
  }
  return options;
}

inline void all_up(const Upstream& upstream, Instant now = kStart) {
  for (const auto& server : upstream.servers()) server->set_health(Health::up, now);
}

// The names of `count` picks in a row, each given back at once.
inline std::string names(Upstream& upstream, std::size_t count, Instant now = kStart) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    auto lease = upstream.pick({.now = now});
    text += lease ? lease->name() : "-";
  }
  return text;
}

}  // namespace tandem::balance::test
