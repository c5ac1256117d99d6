// What a process tells the one that replaces it, as text: which address each passed socket listens at, what is known
// of the servers, and what the program itself knows. Lines of fields by tabs; a reader skips kinds of lines and further
// fields that it does not know, so that other versions understand each other as long as the first line is the same.
// Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/balance/server_memory.h"
#include "common/process/listener_address.h"
#include "common/process/program_note.h"

namespace tandem::process {

struct UpgradeState {
  std::vector<ListenerAddress> sockets;  // in the order in which they are passed
  std::vector<balance::ServerMemory> servers;
  std::vector<balance::DiscoveredMemory> discovered;
  std::vector<ProgramNote> notes;
};

std::string write_upgrade_state(const UpgradeState& state);
Result<UpgradeState> read_upgrade_state(std::string_view text);  // the error says which line cannot be read

}  // namespace tandem::process
