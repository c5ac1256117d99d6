// One request to a service that many wait for (RFC 9111 §4: collapsed requests). One worker fetches and tells; whoever
// waits, on any worker, looks on: reads the body while it comes, gets what was stored, or is let go.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/event.h"
#include "common/base/error.h"
#include "common/net/reactor.h"
#include "gateway/cache/entry.h"
#include "gateway/cache/key.h"

namespace tandem::cache {

class Flight {
 public:
  enum class State : std::uint8_t {
    asking,     // no head yet
    streaming,  // it may be stored; its body comes
    stored,     // there is an entry: new, or an old one that is used again
    cut,        // the body is more than may be kept: who began it goes on with the source, nobody else
    released,   // it cannot be shared: who began it has it, all others are on their own
    failed,     // no answer, or it broke off
  };

  // What the stored answer is: new, one that the service says has not changed, or an old one in place of an error.
  enum class Outcome : std::uint8_t { fresh, validated, stale };

  // `shared`: under which of its keys it was begun. `expected`: how earlier answers were chosen, with the values of the
  // request that began it.
  Flight(Key key, bool shared, std::optional<Selection> expected)
      : key_(std::move(key)), shared_(shared), beside_variants_(expected.has_value()), expected_(std::move(expected)) {}

  // ---- the one who fetches

  // The head of what may be stored. `length`: of the body, where it is known. `for_others`: who waits may have it too.
  void begin_body(std::shared_ptr<const StoredHead> head, std::optional<std::uint64_t> length, bool for_others);
  void append(std::shared_ptr<const Block> block, std::uint64_t filled);  // the block is new, or the last one again
  void store(std::shared_ptr<const Entry> entry, Outcome outcome);
  void cut();
  void release();
  void fail(Error error);

  // ---- those who look on

  struct Look {
    State state = State::asking;
    std::shared_ptr<const StoredHead> head;  // while streaming
    std::optional<std::uint64_t> length;
    std::shared_ptr<const Entry> entry;  // when stored
    Outcome outcome = Outcome::fresh;
    bool for_others = true;  // while streaming and once stored
    Error error;
  };
  Look look() const;

  // What has come of the body from `offset` on, up to the end of a block; empty: nothing yet, or the end. `block` keeps
  // it.
  struct Run {
    std::string_view bytes;
    std::shared_ptr<const Block> block;
    State state = State::asking;
    Error error;
  };
  Run run_at(std::uint64_t offset) const;

  // One who looks on, on the thread that makes it; for as long as this lives.
  class Watch {
   public:
    explicit Watch(std::shared_ptr<Flight> flight);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // To be called before the look whose outcome decides to wait.
    void arm();
    async::Event::Wait changed(Instant deadline = kNoDeadline) { return place_->event.wait(deadline); }
    Flight& flight() { return *flight_; }

   private:
    friend class Flight;
    struct Place {
      explicit Place(net::Reactor& own) : reactor(own) {}
      net::Reactor& reactor;
      async::Event event;
      bool called = false;  // guarded by the flight's lock
    };
    std::shared_ptr<Flight> flight_;
    std::shared_ptr<Place> place_;
  };

  // ---- the store's

  std::size_t watching() const;  // how many look on

  const Key& key() const { return key_; }
  bool shared() const { return shared_; }
  bool beside_variants() const { return beside_variants_; }  // when it began others were stored under its key
  // Whether `request` may wait for it: so far as is known it would get the same answer.
  bool fits(const http::Fields& request) const;
  // Of the groups of its answer; nothing while there is no head.
  std::optional<bool> in_group(std::string_view group) const;
  // Guarded by the lock of the store's part.
  bool closed = false;  // nobody else may wait for it
  bool doomed = false;  // what it brings is out of date before it comes

 private:
  void change(State state);
  void tell();  // with the lock held

  const Key key_;
  const bool shared_;
  const bool beside_variants_;
  mutable std::mutex mutex_;
  std::optional<Selection> expected_;  // guarded by mutex_, as all below
  State state_ = State::asking;
  std::shared_ptr<const StoredHead> head_;
  std::optional<std::uint64_t> length_;
  std::vector<std::shared_ptr<const Block>> blocks_;
  std::uint64_t filled_ = 0;
  std::shared_ptr<const Entry> entry_;
  Outcome outcome_ = Outcome::fresh;
  bool for_others_ = true;
  Error error_;
  std::vector<std::shared_ptr<Watch::Place>> watching_;
};

}  // namespace tandem::cache
