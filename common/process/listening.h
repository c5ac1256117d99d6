// Binding every listening socket before anything else happens: all of them, or none and one sentence why. What the
// process was started with is used instead of binding. The control thread's.
#pragma once
#include <string>
#include <vector>

#include "common/net/listener.h"
#include "common/observe/banner.h"
#include "common/process/inherited_sockets.h"
#include "common/process/listener_address.h"

namespace tandem::process {

struct BoundSockets {
  std::vector<std::vector<net::Sockets>> by_worker;  // [worker][listener], in the order of the listeners
  std::vector<observe::BoundListener> listeners;     // with the ports that were really bound
};

// At least one socket of each listener for every worker. A set that was inherited keeps all of its sockets: with fewer
// workers one serves several, more workers add to it.
Result<BoundSockets> bind_listeners(const std::vector<ListenerAddress>& listeners, unsigned workers,
                                    InheritedSockets* inherited = nullptr);

// The admin address: one socket; a unix socket's file is for its owner alone.
Result<net::Socket> bind_admin(const Address& address, InheritedSockets& inherited);

}  // namespace tandem::process
