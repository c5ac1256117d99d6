// How one of several servers is chosen. A Picker is made for a set of candidates (the available primaries of an
// upstream, or its backups) and made anew when that set or a weight changes; claim() is open to all workers and only
// atomics change in it. Policies never read a clock: `now` comes with the request.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/balance/options.h"
#include "common/balance/pick_log.h"
#include "common/balance/server.h"

namespace tandem::balance {

struct PickRequest {
  std::uint64_t hash = 0;                     // the key of source_hash and hash, see source_key()
  std::span<const Server* const> tried = {};  // servers that failed this connection; avoided while there is another
  Instant now{};
};

// A server as one generation sees it. All configured ones of weight > 0 are candidates, available or not: the
// Picker asks usable().
struct Candidate {
  const std::shared_ptr<Server>* server = nullptr;  // an element of the Upstream's list
  double weight = 1;
  std::uint32_t max = kUnlimited;
  bool any_state = false;          // when_none = "try_all": health does not matter
  bool only_trials_clear = false;  // no check above TCP: a suspect server must be tried to be cleared

  Server& operator*() const { return **server; }
  Server* operator->() const { return server->get(); }
};

struct Claim {
  const Candidate* candidate = nullptr;  // claimed: one more in flight
  bool full = false;                     // none, and at least one was refused for being at its maximum
};

class Picker {
 public:
  explicit Picker(std::vector<Candidate> candidates) : candidates_(std::move(candidates)) {}
  Picker(const Picker&) = delete;
  Picker& operator=(const Picker&) = delete;
  virtual ~Picker() = default;

  virtual Claim claim(const PickRequest& request) const = 0;
  std::span<const Candidate> candidates() const { return candidates_; }

  // What the policy goes by, the smallest being the best; nothing for one that goes by turns or by a key.
  virtual std::optional<double> score(const Candidate&, Instant) const { return std::nullopt; }
  // How the candidates stand for this request, in their order: for the log of picks.
  std::vector<Rival> rivals(const PickRequest& request) const;

 protected:
  // May be picked for this request; being full is another question.
  static bool usable(const Candidate& candidate, const PickRequest& request);
  // Why a usable one is left out all the same, a literal; empty: it is not.
  virtual std::string_view distrust(const Candidate&, const PickRequest&) const { return {}; }
  // (n+1) / weight: how full it would be with one more.
  static double fullness(const Candidate& candidate) { return (candidate->in_flight() + 1.0) / candidate.weight; }
  // Claims `candidate`, unless it is full: then `claim` notes that.
  static bool take(const Candidate& candidate, Claim& claim);
  // The first usable one that is not full, from candidate `from` on, around: where a policy's own way ends.
  Claim take_any(const PickRequest& request, std::size_t from) const;

 private:
  const std::vector<Candidate> candidates_;
};

// `previous` is the Picker that the new one replaces, or null: what can go on (the place in a sequence, a table) does.
std::unique_ptr<const Picker> make_picker(Policy policy, std::vector<Candidate> candidates, const Picker* previous);

// A random number of this thread's own.
std::uint64_t random_number();

}  // namespace tandem::balance
