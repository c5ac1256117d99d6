// Verifying what takes long: of the same credential there is one look at a time, however many requests carry it, on
// whatever worker. Who waits hears what came of it; when it came to nothing (the client it was made for has left), one
// of them looks again. Any thread.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/async/event.h"
#include "common/net/reactor.h"
#include "gateway/auth/provider.h"
#include "gateway/auth/verified.h"

namespace tandem::gateway {

class Flights {
 public:
  // `look()` gives a Task<AuthVerdict>. What it refers to outlives the call.
  template <class Look>
  async::Task<AuthVerdict> share(Verified::Hash mark, Look look) {
    while (true) {
      const auto place = std::make_shared<Place>(net::Reactor::current());
      const auto flight = join(mark, place);
      if (!flight) {
        auto verdict = co_await look();
        end(mark, verdict);
        co_return verdict;
      }
      const auto waited = co_await place->landed.wait();
      const auto verdict = leave(*flight, place);
      if (!waited) co_return std::unexpected(AuthRefusal{waited.error().detail, waited.error().reason});
      if (verdict) co_return *verdict;
    }
  }

 private:
  struct Place {
    explicit Place(net::Reactor& of) : reactor(of) {}
    net::Reactor& reactor;
    async::Event landed;
  };
  struct Flight {
    std::vector<std::shared_ptr<Place>> waiting;
    std::optional<AuthVerdict> verdict;  // none when it has come to nothing
  };

  // The flight that is under way, with a place in it; null: it is the caller's own from now on.
  std::shared_ptr<Flight> join(const Verified::Hash& mark, const std::shared_ptr<Place>& place);
  std::optional<AuthVerdict> leave(Flight& flight, const std::shared_ptr<Place>& place);
  void end(const Verified::Hash& mark, const AuthVerdict& verdict);

  std::mutex mutex_;  // guards the flights too
  std::map<Verified::Hash, std::shared_ptr<Flight>> flights_;
};

}  // namespace tandem::gateway
