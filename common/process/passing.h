// How a process passes descriptors to the one that replaces it: a pair of connected sockets, whose far end the new one
// inherits. Messages of descriptors first, the text of an UpgradeState (in a memfd) as the very first of them; back
// comes one message, "ready" with what of it is used. System calls alone, nothing waits.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/socket.h"

namespace tandem::process {

inline constexpr const char* kLinkVariable = "TANDEM_UPGRADE";  // the number of the new process's end
inline constexpr std::string_view kReady = "ready ";            // then 1 or 0 for each socket: used or closed

Result<std::pair<net::Socket, net::Socket>> make_link();
net::Socket take_over_link(int fd);  // closed where it is no end of such a pair

// The sender's descriptors stay its own; they are as good as inherited from here on, whatever becomes of them.
Result<void> send_state(const net::Socket& link, const std::string& state, const std::vector<int>& sockets);

struct Received {
  std::string state;
  std::vector<net::Socket> sockets;
};
Result<Received> receive_state(const net::Socket& link);

}  // namespace tandem::process
