// The process that this one is to replace, as this one sees it: what it passes, and that it hears when this one serves.
// The control thread's.
#pragma once
#include <optional>
#include <vector>

#include "common/balance/server_memory.h"
#include "common/process/inherited_sockets.h"
#include "common/process/program_note.h"

namespace tandem::process {

class Predecessor {
 public:
  // Nothing where no process started this one for its upgrade; an error where what it passes cannot be used. Takes the
  // variable out of the environment.
  static Result<std::optional<Predecessor>> from_environment();

  InheritedSockets sockets;
  std::vector<balance::ServerMemory> servers;
  std::vector<balance::DiscoveredMemory> discovered;
  std::vector<ProgramNote> notes;

  // This process accepts. `used`: for each of the sockets. From here on the other one goes. False: it has gone already.
  bool tell_ready(const std::vector<bool>& used);

 private:
  net::Socket link_;
};

}  // namespace tandem::process
