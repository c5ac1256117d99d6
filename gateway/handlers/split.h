// `to` with several targets: each gets its share of the requests. Without `sticky` the shares are exact and evenly
// spaced, over all workers; with it a client stays at its target. A target none of whose servers is available is left
// out while there is another; its clients come back to it when it does.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/balance/round_robin.h"
#include "common/balance/upstream.h"
#include "gateway/config.h"
#include "gateway/handlers/handler.h"

namespace tandem::gateway {

class Split final : public Handler {
 public:
  struct Target {
    std::string identity;  // decides which clients are its own: the same in every gateway, whatever the order
    std::uint32_t weight = 1;
    const balance::Upstream* upstream = nullptr;  // of the generation
    std::unique_ptr<const Handler> handler;
  };

  Split(std::vector<Target> targets, KeyConfig sticky);
  async::Task<Result<Response>> handle(Exchange& exchange) const override;

  // The target of a client's key: by weighted rendezvous, so that a change of weights moves as few as can be. Public
  // for tests.
  std::size_t of_key(std::uint64_t key) const;

 private:
  std::size_t next() const;

  const std::vector<Target> targets_;
  const KeyConfig sticky_;
  const std::vector<balance::Place> order_;  // one turn
  mutable std::atomic<std::uint64_t> turn_{0};
};

}  // namespace tandem::gateway
