// USR2 seen from the process that goes: it starts its successor with its listening sockets and what it knows of the
// servers, and once that one accepts, stops listening itself. As long as the successor is not ready nothing has
// changed. Owned by Control, on the control thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/balance/registry.h"
#include "common/process/admin_server.h"
#include "common/process/program_note.h"
#include "common/process/reloader.h"
#include "common/process/service_manager.h"
#include "common/process/successor.h"
#include "common/process/worker_pool.h"

namespace tandem::process {

class Handover {
 public:
  struct Parts {
    WorkerPool& workers;
    Reloader& reloader;
    const balance::Registry& registry;
    ServiceManager& service_manager;
    std::optional<AdminServer>& admin;
    std::function<std::vector<ProgramNote>()> notes;  // may be empty
  };
  // `arguments`: with which this process was started.
  Handover(std::vector<std::string> arguments, Parts parts)
      : arguments_(std::move(arguments)), parts_(std::move(parts)) {}

  // True when the successor accepts: commit() or call_off() is to follow. False when there is none, and the log says
  // why. Meanwhile reloads and orders are refused: the successor would not know of them.
  async::Task<bool> until_successor_ready();
  void commit();    // everything new is the successor's
  void call_off();  // ends the successor

 private:
  void collect_sockets();
  void add(const ListenerAddress& place, std::size_t listener, int descriptor);
  async::Task<Result<void>> start_successor();

  const std::vector<std::string> arguments_;
  const Parts parts_;
  std::unique_ptr<Successor> successor_;
  // What is passed, in one order: places, descriptors, whose (index of the listener), and whether the successor uses
  // it.
  std::vector<ListenerAddress> places_;
  std::vector<int> descriptors_;
  std::vector<std::size_t> listener_of_;
  std::vector<bool> used_;
};

}  // namespace tandem::process
