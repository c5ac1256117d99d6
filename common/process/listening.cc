#include "common/process/listening.h"

#include <sys/stat.h>

#include <utility>

#include "common/base/log.h"

namespace tandem::process {
namespace {

// A unix socket's file has the mode from its first moment on.
Result<net::Sockets> listen_with_mode(const Address& address, unsigned count, std::optional<std::uint32_t> mode) {
  if (!mode || !address.is_unix()) return net::listen_on(address, count);
  const mode_t before = umask(0777 & ~*mode);
  auto sockets = net::listen_on(address, count);
  umask(before);
  return sockets;
}

// Joining the set can fail where the process that made it was another user: then workers share a socket of it.
void fill_up(net::Sockets& set, unsigned workers) {
  if (set.size() >= workers) return;
  const std::size_t had = set.size();
  if (auto more = net::join_set_of(set.front(), workers - static_cast<unsigned>(had))) {
    for (net::Socket& socket : *more) set.push_back(std::move(socket));
    return;
  } else {
    log_info("{}: workers share sockets", more.error().detail);
  }
  while (set.size() < workers) set.push_back(net::duplicate(set[set.size() % had]));
}

std::vector<net::Sockets> share_out(net::Sockets inherited, unsigned workers) {
  std::vector<net::Sockets> by_worker(workers);
  net::Sockets set;
  for (net::Socket& socket : inherited) {
    if (!net::is_shared(socket.fd())) {
      set.push_back(std::move(socket));
      continue;
    }
    for (net::Sockets& its : by_worker) its.push_back(net::duplicate(socket));
  }
  if (set.empty()) return by_worker;
  fill_up(set, workers);
  for (std::size_t i = 0; i < set.size(); ++i) by_worker[i % workers].push_back(std::move(set[i]));
  return by_worker;
}

}  // namespace

Result<BoundSockets> bind_listeners(const std::vector<ListenerAddress>& listeners, unsigned workers,
                                    InheritedSockets* inherited) {
  BoundSockets bound;
  bound.by_worker.resize(workers);
  for (const ListenerAddress& listener : listeners) {
    net::Sockets had = inherited ? inherited->take(listener) : net::Sockets();
    std::vector<net::Sockets> by_worker(workers);
    if (!had.empty()) {
      by_worker = share_out(std::move(had), workers);
    } else {
      auto sockets = listen_with_mode(listener.address, workers, listener.mode);
      if (!sockets) {
        sockets.error().detail = "listener \"" + listener.name + "\": " + sockets.error().detail;
        return std::unexpected(std::move(sockets.error()));
      }
      for (unsigned i = 0; i < workers; ++i) by_worker[i].push_back(std::move((*sockets)[i]));
    }
    bound.listeners.push_back({listener.name, by_worker.front().front().local_address()});
    for (unsigned i = 0; i < workers; ++i) bound.by_worker[i].push_back(std::move(by_worker[i]));
  }
  return bound;
}

Result<net::Socket> bind_admin(const Address& address, InheritedSockets& inherited) {
  if (auto had = inherited.take({kAdminName, address}); !had.empty()) return std::move(had.front());
  auto sockets = listen_with_mode(address, 1, 0600);
  if (!sockets) {
    sockets.error().detail = "admin: " + sockets.error().detail;
    return std::unexpected(std::move(sockets.error()));
  }
  return std::move(sockets->front());
}

}  // namespace tandem::process
