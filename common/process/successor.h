// The process that is to replace this one, as this one sees it: the program's file as it is now, started with the same
// words. Owned by Handover, on the control thread.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/net/stream.h"

namespace tandem::process {

class Successor {
 public:
  // `arguments`: the program first, as it was called. The descriptors stay the caller's.
  static Result<std::unique_ptr<Successor>> start(std::vector<std::string> arguments, const std::string& state,
                                                  const std::vector<int>& sockets);
  ~Successor();  // kills it, unless it was let be

  // Ends when it accepts: for each socket whether it uses it. Otherwise it has ended, with the error saying how, or was
  // killed because it took too long; or the scope was cancelled, and it goes on.
  async::Task<Result<std::vector<bool>>> until_ready(std::size_t sockets);

  pid_t pid() const { return pid_; }
  void let_be();  // it is on its own from here on
  void end();     // likewise, and is told to end: what it may have accepted already is not cut off

 private:
  Successor(pid_t pid, net::Socket link) : pid_(pid), link_(std::move(link)) {}
  async::Task<std::string> until_ended();
  void kill();

  pid_t pid_;
  net::Stream link_;
  bool running_ = true;
};

}  // namespace tandem::process
