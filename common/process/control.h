// What both programs do around their workers, on the control thread: logs, limits, listening sockets, checks, the admin
// address, metrics, and the life from start to drain. A program's main makes one Control, builds its configuration's
// generation with registry(), and calls run().
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/balance/registry.h"
#include "common/config/sections.h"
#include "common/observe/admin.h"
#include "common/observe/log_sink.h"
#include "common/observe/metrics_text.h"
#include "common/observe/process_log.h"
#include "common/observe/traffic.h"
#include "common/process/connection_limit.h"
#include "common/process/handover.h"
#include "common/process/inherited_sockets.h"
#include "common/process/lifecycle.h"
#include "common/process/listening.h"
#include "common/process/predecessor.h"
#include "common/process/reloader.h"
#include "common/process/service_manager.h"
#include "common/process/worker_pool.h"

namespace tandem::process {

struct ControlOptions {
  std::string program;  // "lb": also what its metrics begin with
  std::string version;
  std::string file;                                   // what the banner names; empty: started without a file
  std::string response_seconds = "response_seconds";  // see balance::set_metric_prefix()
  unsigned descriptors_per_connection = 2;
  std::vector<std::string> arguments;  // with which the process was started: with them an upgrade starts the next one
  config::ProcessConfig process;
  config::AdminConfig admin;
  config::LogConfig log;
};

// A further endpoint of the admin address that asks the workers, by run_on_each().
struct WorkerEndpoint {
  std::string method;
  std::string path;
  std::function<observe::AdminResponse(WorkerPool&, const observe::AdminRequest&)> answer;
};

// What a program adds to it.
struct ProgramParts {
  std::vector<ListenerAddress> listeners;
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;
  // Makes what runs on worker `index`, on that worker's thread. `sockets`: its ones of each listener, in their order.
  std::function<std::unique_ptr<WorkerProgram>(unsigned index, std::vector<net::Sockets> sockets,
                                               observe::LogSink& access_log)>
      make_worker;
  // A server's health has changed and is in force. May be empty.
  std::function<void(WorkerPool&, balance::Upstream&, balance::Server&)> on_health_change = {};
  BuildGeneration build;  // a further generation of the same configuration
  LoadNext load_next;     // for a reload: the same file or words again
  std::vector<observe::Metrics::Collector> collectors = {};
  std::vector<std::pair<std::string, observe::Admin::StatusProvider>> status = {};  // further members of /status
  std::vector<WorkerEndpoint> endpoints = {};
  const ConnectionLimits* limits = nullptr;              // for /status: what is open at the listeners. May be null
  std::unique_ptr<observe::TrafficSource> traffic = {};  // what the page shows; may be null
  Spare spare = {};                                      // what max_memory may take of it
  // What the program itself has to do on the control thread beside the rest: begun once its reactor is there, and ended
  // before that goes. May be empty.
  std::function<void()> begin = {};
  // What the process that replaces this one is to know of the program; see Control::take_notes(). May be empty.
  std::function<std::vector<ProgramNote>()> notes = {};
  std::function<async::Task<void>()> end = {};
};

class Control {
 public:
  // Begins the process log, raises the limit of open files and takes what the process was started with.
  explicit Control(ControlOptions options);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Upstreams must be made with it, after this object.
  balance::Registry& registry() { return registry_; }

  // What the program before has noted for this one, in an upgrade; the second time nothing.
  std::vector<ProgramNote> take_notes() { return std::exchange(notes_, {}); }

  // How many connections the process may have: what is configured, or fewer where descriptors do not suffice.
  std::uint32_t max_connections() const { return max_connections_; }

  // Runs the program to its end and gives the exit status: 0, or 1 with one line in the log when it could not start.
  // To be called once.
  int run(ProgramParts parts);

 private:
  void take_what_was_passed();
  LifecycleHooks hooks(Reloader& reloader, Handover& handover, std::optional<AdminServer>& admin);

  const ControlOptions options_;
  observe::ProcessLog process_log_;
  observe::LogSink access_log_;
  observe::Metrics metrics_;
  balance::Registry registry_;
  std::uint32_t max_connections_;
  ServiceManager service_manager_;
  InheritedSockets inherited_;
  std::optional<Predecessor> predecessor_;
  std::vector<ProgramNote> notes_;
  std::vector<bool> used_;               // of its sockets
  std::optional<Error> not_understood_;  // what it passed
};

}  // namespace tandem::process
