#include "lb/live_counts.h"

#include <algorithm>
#include <utility>

namespace tandem::lb {

void LiveCounts::listener(const std::string& name, const std::string& upstream,
                          const std::shared_ptr<const process::ConnectionLimit>& connections) {
  std::erase_if(listeners_, [](const auto& entry) { return entry.second.connections.expired(); });
  AtListener& at = listeners_[name];
  at.upstream = upstream;
  at.connections = connections;
  std::erase_if(at.servers, [](const auto& entry) { return entry.second.expired(); });
}

std::shared_ptr<LiveCount> LiveCounts::server(const std::string& listener, const std::string& upstream,
                                              const std::string& server) {
  auto& place = listeners_[listener].servers[{upstream, server}];
  auto count = place.lock();
  if (!count) place = count = std::make_shared<LiveCount>(0);
  return count;
}

void LiveCounts::collect(observe::MetricSamples& samples) const {
  const auto tell = [&samples](const std::string& listener, const std::string& upstream, const std::string& server,
                               double value) {
    samples.gauge("lb_connections_active", "Connections that are open; without a server: being set up.",
                  {{"listener", listener}, {"upstream", upstream}, {"server", server}}, value);
  };
  for (const auto& [name, at] : listeners_) {
    const auto connections = at.connections.lock();
    if (!connections) continue;
    std::uint32_t left = connections->open();
    for (const auto& [key, weak] : at.servers) {
      const auto count = weak.lock();
      if (!count) continue;
      const std::uint32_t active = count->load(std::memory_order_relaxed);
      left -= std::min(left, active);
      tell(name, key.first, key.second, active);
    }
    tell(name, at.upstream, {}, left);
  }
}

}  // namespace tandem::lb
