// One configuration as all workers use it: the file's values, the upstreams, and what the workers count together. Made
// on the control thread; held by it while in force, and by each listener of a worker as long as one of its connections
// is open.
#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "common/balance/registry.h"
#include "common/balance/upstream.h"
#include "common/base/access_list.h"
#include "common/limit/source_limit.h"
#include "common/process/connection_limit.h"
#include "lb/config.h"
#include "lb/live_counts.h"
#include "lb/match_table.h"

namespace tandem::lb {

struct Lasting;

// An upstream as one listener leads to it.
struct Branch {
  balance::Upstream& upstream;
  std::vector<std::shared_ptr<LiveCount>> active;  // connections to each server, in the order of upstream.servers()
};

// A listener as the workers share it.
struct SharedListener {
  using Upstreams = std::span<const std::shared_ptr<balance::Upstream>>;  // in the order of the configuration
  SharedListener(const ListenerConfig& listener, Upstreams upstreams, Lasting& lasting);

  const ListenerConfig& config;
  const std::shared_ptr<process::ConnectionLimit> connections;
  const AccessList access;
  const std::shared_ptr<limit::Sources> sources;
  std::map<std::size_t, Branch> branches;  // by the upstream's index
  const Branch* otherwise = nullptr;       // takes what nothing matches; null: that is closed
  MatchTable matches;                      // empty: nobody's ClientHello is read
  WarningPace refusals;                    // the log's lines of connections closed for what they are or say first

 private:
  const Branch& branch_to(std::size_t upstream, Upstreams upstreams, Lasting& lasting);
};

// What the generations of one process have in common. Owned by main.
struct Lasting {
  explicit Lasting(std::uint32_t most) : limits(most) {}

  LiveCounts counts;
  process::ConnectionLimits limits;
  limit::SourcesByListener sources;
  std::shared_ptr<const LbConfig> present;  // the configuration in force; the control thread's
};

struct Generation {
  // `most`: connections of the process. Several may be made of one configuration: each with the servers that are
  // discovered by then.
  Generation(std::shared_ptr<const LbConfig> from, balance::Registry& registry, Lasting& lasting, std::uint32_t most);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  const std::shared_ptr<const LbConfig> loaded;
  const LbConfig& config;
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;  // in the order of config.upstreams
  std::deque<SharedListener> listeners;                       // in the order of config.listeners
  process::ConnectionLimits& limits;
};

}  // namespace tandem::lb
