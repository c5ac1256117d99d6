// An upstream of one configuration generation: its options, its servers, and how one is picked. Made at load on the
// control thread, shared by all workers, gone with its generation; the servers' states live on (see Registry).
#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "common/balance/lease.h"
#include "common/balance/picker.h"
#include "common/balance/published.h"
#include "common/balance/registry.h"

namespace tandem::balance {

class Upstream {
 public:
  // Without a registry the servers are this Upstream's alone. Where they are discovered they are those that are known
  // now, none at first: another answer makes another Upstream.
  explicit Upstream(UpstreamOptions options, Registry* registry = nullptr);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const UpstreamOptions& options() const { return options_; }
  const std::string& name() const { return options_.name; }
  // In the order of options().servers; server i belongs to options().servers[i].
  std::span<const std::shared_ptr<Server>> servers() const { return servers_; }
  UpstreamState& shared() const { return *state_; }

  // Picks a server and counts it as in flight. Any thread, no locks but when a state has changed. Backups take over
  // when no primary is available; servers in `tried` come only when there is no other. Fails with origin upstream and
  //   no_healthy_server   none is available (and when_none is not try_all, or that finds none either)
  //   server_full         some are, and each has reached its max_connections
  //   overloaded          max_in_flight is reached
  Result<Lease> pick(const PickRequest& request);

  // Whether a pick could succeed now; at boot false until a first check has passed.
  bool has_available_server() const;

  bool at_max_in_flight() const {
    return options_.max_in_flight != kUnlimited && state_->in_flight() >= options_.max_in_flight;
  }

  // Makes the picking tables anew if a state, a weight or the time asks for it. pick() does so by itself; the control
  // thread calls it after a change so that no worker has to.
  void refresh(Instant now);

 private:
  struct View {
    std::uint64_t changes = 0;          // UpstreamState::changes() that it was made at
    Instant valid_until = kNoDeadline;  // the end of an ejection, the next step of a slow start
    std::unique_ptr<const Picker> primaries;
    std::unique_ptr<const Picker> backups;
    std::unique_ptr<const Picker> last_resort;  // null, or every server whatever its health (try_all)
  };
  void bring_up_to_date(Instant now);
  bool is_due(const View* view, Instant now) const;
  void build(Instant now);
  std::vector<Candidate> candidates(bool backups, bool any_state, Instant now) const;

  const std::shared_ptr<UpstreamState> state_;
  const UpstreamOptions options_;
  std::vector<std::shared_ptr<Server>> servers_;  // fixed after construction

  Published<View> view_;
  std::mutex building_;
  std::uint64_t turn_ = 0;  // guarded by building_, as is the next: among the generations, see UpstreamState
  bool in_use_ = false;     // guarded by building_: the first table has been made
};

}  // namespace tandem::balance
