// Listening sockets that this process was started with: a service manager's (socket activation, sd_listen_fds(3)) or
// those of the process that it replaces. Each is used where a listener is configured at its address. Owned by Control,
// on the control thread.
#pragma once
#include <vector>

#include "common/net/listener.h"
#include "common/process/listener_address.h"

namespace tandem::process {

class InheritedSockets {
 public:
  // What LISTEN_FDS passes to this process (LISTEN_PID says so); nothing where there is none. Takes the variables out
  // of the environment. What is no listening socket is closed with a warning.
  static InheritedSockets from_service_manager();

  void add(ListenerAddress place, net::Socket socket);

  // Those of the listener's address, the caller's from now on; empty: none.
  net::Sockets take(const ListenerAddress& listener);

  // What was not taken, with a warning each: nothing is configured at their addresses. Says for each that was added
  // whether it was taken.
  std::vector<bool> close_rest();

 private:
  struct Entry {
    ListenerAddress place;
    net::Socket socket;
  };
  std::vector<Entry> all_;
};

}  // namespace tandem::process
