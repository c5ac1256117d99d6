#include "common/net/tcp_path.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/net/socket.h"

namespace tandem::net {

std::optional<TcpPath> tcp_path(const Socket& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (!socket.is_open() || ::getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return TcpPath{std::chrono::microseconds(info.tcpi_rtt), info.tcpi_total_retrans};
}

}  // namespace tandem::net
