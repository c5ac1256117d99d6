#include "common/balance/registry.h"

namespace tandem::balance {

std::shared_ptr<UpstreamState> Registry::upstream(const std::string& name) {
  std::erase_if(upstreams_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(servers_, [](const auto& entry) { return entry.second.expired(); });  // here: once a generation
  auto& place = upstreams_[name];
  auto found = place.lock();
  if (!found) {
    place = found = std::make_shared<UpstreamState>(name);
    if (const auto known = discovered_.find(name); known != discovered_.end()) {
      found->set_latest_servers(known->second);
    }
  }
  return found;
}

std::shared_ptr<Server> Registry::server(const std::shared_ptr<UpstreamState>& upstream, const ServerOptions& options) {
  const std::string address = options.address.to_string();
  auto& place = servers_[{upstream->name(), address}];
  auto found = place.lock();
  if (!found || found->name() != (options.name.empty() ? address : options.name)) {
    place = found = std::make_shared<Server>(upstream, options);
    const auto known = known_.find({upstream->name(), address});
    if (known != known_.end() && known->second.name == found->name()) found->recall(std::move(known->second));
    if (known != known_.end()) known_.erase(known);
  }
  return found;
}

void Registry::remember(std::vector<ServerMemory> known) {
  for (ServerMemory& server : known) {
    std::pair identity(server.upstream, server.address);
    known_.insert_or_assign(std::move(identity), std::move(server));
  }
}

void Registry::remember(std::vector<DiscoveredMemory> known) {
  for (DiscoveredMemory& one : known) discovered_[std::move(one.upstream)].push_back(std::move(one.server));
}

void Registry::forget() {
  known_.clear();
  discovered_.clear();
}

std::vector<DiscoveredMemory> Registry::discovered() const {
  std::vector<DiscoveredMemory> all;
  for (const auto& [name, place] : upstreams_) {
    const auto state = place.lock();
    if (!state || !state->discovery().answered_at) continue;
    for (const ServerOptions& server : state->latest_servers()) all.push_back({name, server});
  }
  return all;
}

std::vector<ServerMemory> Registry::memories() const {
  std::vector<ServerMemory> all;
  for (const auto& [identity, place] : servers_) {
    if (const auto server = place.lock()) all.push_back(server->memory());
  }
  return all;
}

}  // namespace tandem::balance
