// A worker's way to one Redis server: a connection that is kept up, and calls that never wait longer than the
// configured time. While Redis is out, calls fail at once and it is tried again five times a second. Lives on its
// worker's thread; shared by the worker and the calls that run.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/task.h"
#include "common/async/task_group.h"
#include "common/base/warning_pace.h"
#include "gateway/redis/command.h"
#include "gateway/redis/health.h"
#include "gateway/redis/link.h"
#include "gateway/redis/options.h"

namespace tandem::redis {

class Client final : public std::enable_shared_from_this<Client>, private Link::Listener {
 public:
  // `probe`: what proves a new connection (see open.h).
  Client(std::shared_ptr<const Options> options, std::shared_ptr<Health> health, std::vector<std::string> probe);
  ~Client();

  // Its tasks live in `group`, which must outlive them; cancelled or stopped they end.
  void start(async::TaskGroup& group);
  void stop();  // once it has been started

  // A reload. False, and nothing has changed: these options mean another server, or another caller of it.
  bool configure(std::shared_ptr<const Options> options);
  const Options& options() const { return *options_; }

  // Runs the script. The words must stay valid until the task has ended. The error's reason is "redis_unavailable", or
  // the scope's. A reply that is an error of the call alone is given as one.
  async::Task<Result<Reply>> run(const Script& script, std::span<const std::string_view> keys,
                                 std::span<const std::string_view> arguments);

 private:
  bool stopped() const { return !scope_ || scope_->cancelled(); }
  async::Task<void> keep(std::shared_ptr<Client> self);
  async::Task<Result<Reply>> call(std::span<const std::string_view> words, Instant deadline);
  async::Task<void> until_decided(Instant deadline);
  void set_down(std::string_view why);
  void set_up();
  void wake();
  void on_late() override { set_down("calls are not answered in time"); }
  void on_answered() override { set_up(); }

  std::shared_ptr<const Options> options_;
  const std::shared_ptr<Health> health_;
  const std::vector<std::string> probe_;
  std::optional<async::CancelScope> scope_;  // within that of the group it was started in
  Link* link_ = nullptr;                     // null: there is no connection
  bool down_ = false;                        // and told to health_
  std::vector<async::Event*> waiting_;       // for the first connection to be there, or not
  WarningPace pace_;
};

}  // namespace tandem::redis
