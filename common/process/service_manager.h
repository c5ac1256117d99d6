// What the process tells systemd, or whoever else listens at NOTIFY_SOCKET (sd_notify(3)): a datagram of lines. Without
// that variable every call does nothing. The control thread's.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

namespace tandem::process {

class ServiceManager {
 public:
  ServiceManager();  // reads NOTIFY_SOCKET: a path, or "@" and an abstract name

  void ready(std::string_view status);     // after the start and after each reload
  void reloading();                        // a reload begins; ready() is to follow, whatever becomes of it
  void stopping(std::string_view status);  // draining
  void succeeded_by(pid_t successor);      // it is the service from now on, and it speaks

 private:
  void tell(const std::string& lines);

  std::string socket_;  // empty: nobody listens
};

}  // namespace tandem::process
