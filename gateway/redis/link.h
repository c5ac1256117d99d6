// One connection to Redis that many calls share: they go out in the order in which they are made, those of one turn in
// one write, and their replies come back in that order. Lives on its worker's thread, in the frame of whoever runs it.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/async/event.h"
#include "common/async/task_group.h"
#include "common/net/stream.h"
#include "gateway/redis/reply.h"

namespace tandem::redis {

class Link {
 public:
  static constexpr std::size_t kMostPending = 4096;
  static constexpr Duration kPatience = std::chrono::seconds(1);  // with a connection on which nothing comes back

  // In the frame of whoever waits for the reply.
  struct Call {
    async::Event done;  // the reply is here, or never will be
    std::optional<Reply> reply;
    Link* link = nullptr;  // null: the call is over
    std::uint64_t number = 0;
  };
  // Hears whether calls are answered. Must not end the link.
  class Listener {
   public:
    virtual void on_late() = 0;      // a call has waited in vain: nothing new is to be sent
    virtual void on_answered() = 0;  // its reply has come nevertheless
   protected:
    ~Listener() = default;
  };

  Link(std::unique_ptr<net::Stream> stream, Listener& listener) : stream_(std::move(stream)), listener_(listener) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Until the connection ends; all calls are over then. Gives why. Cancelled, it ends the connection.
  async::Task<std::string> run();

  // False: there are too many already.
  bool send(std::span<const std::string_view> words, Call& call);
  // Nobody waits for its reply any more.
  void forget(Call& call);
  // Likewise, for it has waited too long.
  void give_up(Call& call);
  bool late() const { return late_; }
  // Reads what has come, without waiting. False: the connection has ended.
  bool take_in();
  // Of use to nobody any more.
  void end(std::string why);

 private:
  async::Task<void> read();
  async::Task<void> write();
  async::Task<void> lose_patience();
  bool answer(Reply reply);

  const std::unique_ptr<net::Stream> stream_;
  Listener& listener_;
  ReplyReader replies_;
  std::deque<Call*> pending_;  // null: forgotten
  std::uint64_t first_ = 0;    // the number of the first of them
  std::string out_, sending_;
  async::Event has_output_;
  async::Event ended_;
  std::string why_;  // not empty: it has ended
  bool late_ = false;
  std::uint64_t lateness_ = 0;  // how often it has become late
  async::TaskGroup tasks_;
};

}  // namespace tandem::redis
