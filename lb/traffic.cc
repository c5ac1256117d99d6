#include "lb/traffic.h"

#include <algorithm>
#include <string>

#include "lb/listener.h"

namespace tandem::lb {

Traffic::Traffic(Listener& listener, const Branch* branch, const balance::Server* server)
    : listener_(listener), branch_(branch), server_(server) {
  if (!server) return;
  const auto servers = branch->upstream.servers();
  const auto at = std::ranges::find_if(servers, [server](const auto& known) { return known.get() == server; });
  active_ = branch->active[static_cast<std::size_t>(at - servers.begin())].get();
  const auto bytes = [this](const char* direction) {
    Labels with_direction = labels();
    with_direction.emplace_back("direction", direction);
    return Counters::counter("lb_bytes_total", "Payload that was passed on; in: from the client.", with_direction);
  };
  bytes_in_ = bytes("in");
  bytes_out_ = bytes("out");
}

Labels Traffic::labels() const {
  return {{"listener", listener_.config().name},
          {"upstream", branch_ ? branch_->upstream.name() : std::string()},
          {"server", server_ ? server_->name() : std::string()}};
}

void Traffic::count(std::string_view result) {
  auto known = std::ranges::find(results_, result, [](const auto& entry) { return entry.first; });
  if (known == results_.end()) {
    Labels with_result = labels();
    with_result.emplace_back("result", result);
    const Counter counter = Counters::counter(
        "lb_connections_total", "Connections that have ended, by how: the access log's `end`.", with_result);
    known = results_.insert(results_.end(), {result, counter});
  }
  known->second.add();
}

}  // namespace tandem::lb
