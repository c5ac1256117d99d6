// Reload inside the process: loads the next configuration aside, binds what is new, and only when all of that has
// worked hands it to the workers; otherwise nothing changes and the errors are kept for /status. When servers that are
// discovered change, a further generation of the same configuration is put in force likewise. Owned by Control, living
// on the control thread. Owns the listeners' names, the upstreams, the checks and the discovery of the present
// generation.
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/async/task_group.h"
#include "common/balance/checker.h"
#include "common/balance/discovery.h"
#include "common/base/json_writer.h"
#include "common/config/sections.h"
#include "common/observe/banner.h"
#include "common/observe/log_sink.h"
#include "common/observe/metrics_text.h"
#include "common/process/listening.h"
#include "common/process/memory_guard.h"
#include "common/process/service_manager.h"
#include "common/process/worker_pool.h"

namespace tandem::process {

// A generation that a program has made and that is to be put in force.
struct NextGeneration {
  std::vector<std::shared_ptr<balance::Upstream>> upstreams;
  // Runs on each worker's thread. `sockets`: in the order of the listeners, this worker's where the address is new,
  // empty where the worker has it already.
  std::function<void(WorkerProgram&, std::vector<net::Sockets> sockets)> hand_over;
  std::function<void()> adopted = {};  // on the control thread, when every worker has it. May be empty
};

// Makes a generation of a configuration that was loaded, with the servers that are discovered by then. Cannot fail; may
// be called any number of times.
using BuildGeneration = std::function<NextGeneration(std::uint32_t max_connections)>;

// A configuration that was loaded without an error. build() is called only when all else has worked.
struct NextConfiguration {
  std::string warnings;
  std::vector<ListenerAddress> listeners;
  config::ProcessConfig process;
  config::AdminConfig admin;
  config::LogConfig log;
  BuildGeneration build;
};

// Gives the file's errors as they are for stderr.
using LoadNext = std::function<std::expected<NextConfiguration, std::string>()>;

class Reloader {
 public:
  struct Present {
    std::vector<ListenerAddress> listeners;
    std::vector<observe::BoundListener> bound;  // in the same order
    std::vector<std::shared_ptr<balance::Upstream>> upstreams;
    config::ProcessConfig process;
    config::AdminConfig admin;
    config::LogConfig log;
    std::uint32_t max_connections;
    BuildGeneration build;
  };
  struct Options {
    std::string program;  // what its metrics begin with
    LoadNext load;
    unsigned descriptors_per_connection = 2;
    ServiceManager* service_manager = nullptr;  // hears of every reload. May be null
    Spare spare = {};                           // what max_memory may take of the program
  };

  Reloader(Options options, Present present, WorkerPool& workers, observe::LogSink& access_log,
           balance::Checker::OnChange on_change);

  // Does everything before it returns. Gives what of it a reload cannot change, or why nothing has changed: lines for a
  // person.
  std::expected<std::string, std::string> reload();
  // HUP: reopens the access log and reloads; before the program accepts, as soon as it does.
  void on_hangup();
  void reopen_access_log();

  // At start: ends when accepting may begin, after the first round of discovery and then of checks; or when cancelled.
  async::Task<void> until_checked();
  void began_accepting();
  void begins_to_drain() { phase_ = Phase::draining; }
  // An upgrade: nothing changes until it fails, or for ever; then, true: a HUP has come that its successor should hear.
  void begins_upgrade() { phase_ = Phase::upgrading; }
  bool upgrade_failed();  // false: the program is to end anyway
  bool succeeded();
  // Why nothing can be changed now, a sentence; empty: it can. Orders are refused for an upgrade only.
  std::string_view refusal() const;
  std::string_view refusal_of_orders() const {
    return phase_ == Phase::upgrading || phase_ == Phase::succeeded ? refusal() : std::string_view();
  }

  const Present& present() const { return present_; }
  void write_status(JsonWriter& json) const;
  void collect(observe::MetricSamples& samples) const;
  async::Task<void> stop();  // ends discovery and checks; to be awaited before destruction

 private:
  enum class Phase : std::uint8_t { starting, running, upgrading, succeeded, draining };

  std::expected<std::string, std::string> reload_told();
  std::expected<std::string, std::string> try_reload();
  void hand_to_workers(const NextGeneration& next, BoundSockets bound, const std::vector<std::size_t>& fresh,
                       std::size_t listeners);
  void replace_checker();
  // Makes a generation of present_ and hands it out; `bound` are the sockets of the listeners `fresh`.
  void put_in_force(BoundSockets bound, const std::vector<std::size_t>& fresh);
  void on_discovered();  // servers have changed
  async::Task<void> adopt_discovered_soon();
  bool is_own(const Address& server) const;
  std::string what_needs_a_restart(const NextConfiguration& next) const;

  const Options options_;
  WorkerPool& workers_;
  observe::LogSink& access_log_;
  const balance::Checker::OnChange on_change_;
  const Counter done_;
  const Counter failed_;
  Present present_;
  MemoryGuard memory_;
  std::shared_ptr<balance::Checker> checker_;
  std::vector<std::weak_ptr<balance::Checker>> retiring_;  // earlier ones, until their last check has ended
  balance::Discovery discovery_;
  async::TaskGroup tasks_;   // first rounds of new checks, ends of old ones, changes of servers
  bool discovered_ = false;  // what is not yet in force
  Instant adopted_at_{};     // the last generation
  Phase phase_ = Phase::starting;
  bool waits_for_start_ = false;
  std::uint64_t generation_ = 1;
  std::string last_error_;  // of the last reload; empty when it worked
  std::optional<WallTime> last_reload_;
};

}  // namespace tandem::process
