#include "common/process/handover.h"

#include <csignal>

#include "common/base/log.h"
#include "common/process/upgrade_state.h"

namespace tandem::process {
namespace {
constexpr std::size_t kAdmin = static_cast<std::size_t>(-1);
}

void Handover::add(const ListenerAddress& place, std::size_t listener, int descriptor) {
  places_.push_back(place);
  descriptors_.push_back(descriptor);
  listener_of_.push_back(listener);
}

// All sockets of each set; one descriptor of what the workers share.
void Handover::collect_sockets() {
  places_.clear();
  descriptors_.clear();
  listener_of_.clear();
  std::vector<std::vector<std::vector<int>>> by_worker(parts_.workers.size());
  parts_.workers.run_on_each(
      [&](unsigned worker, const WorkerProgram& program) { by_worker[worker] = program.descriptors(); });
  const auto& listeners = parts_.reloader.present().listeners;
  for (std::size_t listener = 0; listener < listeners.size(); ++listener) {
    for (std::size_t worker = 0; worker < by_worker.size(); ++worker) {
      for (const int descriptor : by_worker[worker][listener]) {
        if (worker == 0 || !net::is_shared(descriptor)) add(listeners[listener], listener, descriptor);
      }
    }
  }
  if (parts_.admin) add({kAdminName, *parts_.reloader.present().admin.listen}, kAdmin, parts_.admin->descriptor());
}

async::Task<Result<void>> Handover::start_successor() {
  collect_sockets();
  const std::string state = write_upgrade_state({places_, parts_.registry.memories(), parts_.registry.discovered(),
                                                 parts_.notes ? parts_.notes() : std::vector<ProgramNote>()});
  auto started = Successor::start(arguments_, state, descriptors_);
  if (!started) co_return std::unexpected(std::move(started.error()));
  successor_ = std::move(*started);
  log_info("upgrade: process {} is started with {} listening sockets", successor_->pid(), descriptors_.size());
  auto used = co_await successor_->until_ready(descriptors_.size());
  if (!used) co_return std::unexpected(std::move(used.error()));
  used_ = *std::move(used);
  co_return Result<void>();
}

async::Task<bool> Handover::until_successor_ready() {
  parts_.reloader.begins_upgrade();
  const auto ready = co_await start_successor();
  if (ready) co_return true;
  const bool goes_on = parts_.reloader.upgrade_failed();
  if (successor_ && !goes_on) successor_->end();
  successor_.reset();
  if (goes_on) {
    log_error("upgrade: {}; this process goes on",
              ready.error().detail.empty() ? ready.error().reason : std::string_view(ready.error().detail));
  } else {
    log_info("upgrade: called off, for this process is to end");
  }
  co_return false;
}

void Handover::call_off() {
  log_info("upgrade: process {} is ended again, for this one is to end", successor_->pid());
  successor_->end();
  successor_.reset();
}

void Handover::commit() {
  const pid_t pid = successor_->pid();
  log_info("upgrade: process {} serves from now on; {} connections go on here until they end", pid,
           parts_.workers.active());
  parts_.service_manager.succeeded_by(pid);
  std::vector<bool> kept(parts_.reloader.present().listeners.size(), true);
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i] && listener_of_[i] != kAdmin) kept[listener_of_[i]] = false;
  }
  parts_.workers.run_on_each([&](unsigned, WorkerProgram& program) { program.hand_over(kept); });
  if (parts_.admin) parts_.admin->finish();
  if (parts_.reloader.succeeded()) ::kill(pid, SIGHUP);  // a reload was asked for meanwhile
  successor_->let_be();
  successor_.reset();
}

}  // namespace tandem::process
