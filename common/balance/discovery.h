// Keeps the servers of upstreams that name a DNS name up to date: one coroutine for each asks again when an answer's
// time is over, and puts what has changed into the upstream's UpstreamState, where the next generation finds it. Owned
// by the control thread and living on it, over all generations.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/async/task_group.h"
#include "common/balance/discovered.h"
#include "common/balance/upstream.h"

namespace tandem::balance {

class Discovery {
 public:
  struct Options {
    std::function<void()> on_change;  // the servers of an upstream are others now
    // An address that must not be a server: this program listens there.
    std::function<bool(const Address&)> is_own;
  };
  explicit Discovery(Options options) : options_(std::move(options)) {}
  ~Discovery();  // stop() has been awaited
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // From now on it is about these upstreams. One that had the same source before goes on with what is known.
  void follow(std::span<const std::shared_ptr<Upstream>> upstreams, std::vector<IpEndpoint> resolvers);

  // Ends when every upstream that is followed has had an answer, or a look in vain: after some 5 s at most.
  // Fails only with the reason of the cancelled scope.
  async::Task<Result<void>> until_first_round();

  async::Task<void> stop();

 private:
  struct Watched;
  async::Task<void> watch(std::shared_ptr<Watched> watched);
  void take(Watched& watched, Finding finding);
  void leave_out_own(Watched& watched, Finding& finding) const;
  bool all_looked_at() const;

  const Options options_;
  std::vector<IpEndpoint> resolvers_;
  std::vector<std::shared_ptr<Watched>> watched_;
  async::TaskGroup looks_;
  async::Event first_round_ended_;
  bool stopped_ = false;
};

}  // namespace tandem::balance
