// Where servers are found again by who they are: upstream and address. A reload builds its Upstreams with the same
// Registry and so goes on with the health, averages, counters and runtime orders of what stays. Holds nothing alive:
// what neither a generation nor a lease uses is forgotten. The control thread's.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/balance/server.h"

namespace tandem::balance {

class Registry {
 public:
  std::shared_ptr<UpstreamState> upstream(const std::string& name);

  // A new name for the same address is a new server: metrics and log lines carry the name.
  std::shared_ptr<Server> server(const std::shared_ptr<UpstreamState>& upstream, const ServerOptions& options);

  // What the process before this one knew: servers of the same upstream, address and name that are made from now on
  // begin with it, until it is forgotten.
  void remember(std::vector<ServerMemory> known);
  std::vector<ServerMemory> memories() const;  // of all servers in use
  // Likewise the servers that discovery had found: an upstream that is discovered has them until there is an answer.
  void remember(std::vector<DiscoveredMemory> known);
  std::vector<DiscoveredMemory> discovered() const;
  void forget();

 private:
  std::map<std::string, std::weak_ptr<UpstreamState>> upstreams_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<Server>> servers_;
  std::map<std::pair<std::string, std::string>, ServerMemory> known_;
  std::map<std::string, std::vector<ServerOptions>> discovered_;  // by upstream
};

}  // namespace tandem::balance
