#include "common/process/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/log.h"

namespace tandem::process {

ServiceManager::ServiceManager() {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  if (!variable || *variable == '\0') return;
  socket_ = variable;
  const bool known = (socket_[0] == '/' || socket_[0] == '@') && socket_.size() < sizeof(sockaddr_un::sun_path);
  if (known) return;
  log_warn("NOTIFY_SOCKET = \"{}\" is neither a path nor an abstract name: nothing is told there", socket_);
  socket_.clear();
}

void ServiceManager::ready(std::string_view status) { tell(fmt::format("READY=1\nSTATUS={}", status)); }

// systemd wants to know that what it asked for came before this, by the clock that all processes share.
void ServiceManager::reloading() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch()).count();
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", micros));
}

void ServiceManager::stopping(std::string_view status) { tell(fmt::format("STOPPING=1\nSTATUS={}", status)); }

void ServiceManager::succeeded_by(pid_t successor) {
  tell(fmt::format("MAINPID={}\nREADY=1\nSTATUS=ready, after an upgrade", successor));
  socket_.clear();
}

void ServiceManager::tell(const std::string& lines) {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return log_warn("the service manager at {} could not be told: {}", socket_, errno_text(errno));
  const timeval patience{.tv_sec = 1, .tv_usec = 0};  // its queue is full: it is busy, but must not hold us up
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL, to, length) < 0) {
    log_warn("the service manager at {} could not be told: {}", socket_, errno_text(errno));
  }
  ::close(fd);
}

}  // namespace tandem::process
