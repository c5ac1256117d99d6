// The keys of an issuer that publishes them: what is known of them now, read by every worker, replaced by the control
// thread (key_fetcher.h). Lasts over reloads by the provider's name and the source. A worker that meets a token of an
// unknown key asks for newer ones and waits for a fetch that began after it asked; however many ask, there is one fetch
// an interval.
#pragma once
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/async/event.h"
#include "common/async/task.h"
#include "common/base/counters.h"
#include "common/base/json_writer.h"
#include "common/net/reactor.h"
#include "gateway/auth/options.h"

namespace tandem::gateway {

inline constexpr Duration kPatience = std::chrono::seconds(5);  // how long a request waits for newer keys

// Keys with a number of their own: another one, other keys.
struct PublishedKeys {
  std::uint64_t version = 0;  // 0: there are none yet
  std::shared_ptr<const jose::KeySet> set;
  std::string why;  // the last fetch was in vain; empty: it was not
};

class RemoteKeys {
 public:
  RemoteKeys(std::string provider, std::string source);
  RemoteKeys(const RemoteKeys&) = delete;
  RemoteKeys& operator=(const RemoteKeys&) = delete;

  // ---- any thread
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  PublishedKeys present() const;
  // Newer keys than those of `seen`, or the same ones when a fetch that began after the call has brought no others, has
  // failed, or did not end within kPatience. Without any keys (`seen` 0) it waits only while the first fetch is still
  // to come or to end.
  async::Task<PublishedKeys> newer_than(std::uint64_t seen);
  void write_status(JsonWriter& json) const;  // members

  // ---- the control thread
  void start(net::Reactor& control);  // requests reach it from here on
  void stop();
  void begin_fetch();
  // A fetch has ended well: `text` is what the set was read from. Gives whether the keys are others now.
  bool take(std::shared_ptr<const jose::KeySet> set, std::string text);
  void failed(std::string why);
  // Those that an earlier process had, before anybody asks for any.
  void inherit(std::shared_ptr<const jose::KeySet> set, std::string text, WallTime fetched_at);
  // What the keys were read from, and when they were fetched; nothing: there are none.
  std::optional<std::pair<std::string, WallTime>> source_text() const;
  bool is_asked_for() const;                 // somebody waits for a fetch that has not begun yet
  async::Event& woken() { return *woken_; }  // set when somebody asks

 private:
  struct Waiting {
    net::Reactor& reactor;
    async::Event done;
    std::uint64_t fetch = 0;  // ends with this one
  };
  bool is_asked() const;  // these three with the lock held
  bool awaits_nothing(std::uint64_t seen) const;
  void end_fetch(bool changed);

  const std::string provider_, source_;
  std::atomic<std::uint64_t> version_{0};
  mutable std::mutex mutex_;  // guards all that changes below
  PublishedKeys present_;
  std::uint64_t begun_ = 0, ended_ = 0;  // fetches
  std::list<std::shared_ptr<Waiting>> waiting_;
  net::Reactor* control_ = nullptr;
  bool stopped_ = false;
  std::string text_;
  std::optional<WallTime> fetched_at_;
  const std::shared_ptr<async::Event> woken_ = std::make_shared<async::Event>();  // the control thread's
  const Counter good_, bad_;
};

}  // namespace tandem::gateway
