// How many connections are open: at each listener and from it to each server. Kept by name over all generations, so
// that a reload neither forgets a connection nor counts it twice. The table is the control thread's, the numbers are
// everyone's. Owned by main; holds nothing alive that neither a generation nor a connection's listener uses.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/observe/metrics_text.h"
#include "common/process/connection_limit.h"

namespace tandem::lb {

using LiveCount = std::atomic<std::uint32_t>;

class LiveCounts {
 public:
  // `upstream`: where the listener leads now; `connections`: all of its own.
  void listener(const std::string& name, const std::string& upstream,
                const std::shared_ptr<const process::ConnectionLimit>& connections);
  std::shared_ptr<LiveCount> server(const std::string& listener, const std::string& upstream,
                                    const std::string& server);

  // Tells lb_connections_active{listener,upstream,server}; without a server: being set up.
  void collect(observe::MetricSamples& samples) const;

 private:
  struct AtListener {
    std::string upstream;
    std::weak_ptr<const process::ConnectionLimit> connections;
    std::map<std::pair<std::string, std::string>, std::weak_ptr<LiveCount>> servers;  // by upstream and server
  };
  std::map<std::string, AtListener> listeners_;
};

}  // namespace tandem::lb
