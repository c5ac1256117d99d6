// What the kernel's TCP knows of the way to a peer: for people who ask whether the network or the program is slow.
#pragma once
#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace tandem::net {

class Socket;

struct TcpPath {
  Duration round_trip = Duration::zero();  // smoothed
  std::uint32_t retransmits = 0;           // segments sent again since the connection began
};

// Both sides of a relayed connection; a unix socket has none.
struct TcpPaths {
  std::optional<TcpPath> client;
  std::optional<TcpPath> server;
};

// One system call (TCP_INFO, tcp(7)). Nothing for a socket that is closed or not TCP's.
std::optional<TcpPath> tcp_path(const Socket& socket);

}  // namespace tandem::net
